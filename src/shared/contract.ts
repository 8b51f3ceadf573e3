/**
 * THE contract: every message between renderer, main and engine host.
 * Three tables: `app` (renderer -> main), `engine` (renderer -> host), `control` (main -> host).
 * A command has a request and a reply; a job adds progress and frames. The receiver validates.
 */
import { z } from "zod";
import {
  savedAnswersSchema,
  classScoreSchema,
  contrastSchema,
  engineStatusSchema,
  exportFormatSchema,
  galleryRecordSchema,
  galleryRequestSchema,
  idSchema,
  networkRefSchema,
  networkSchema,
  networkSummarySchema,
  precisionSchema,
  runRecordSchema,
  tileSchema,
  tileStateSchema,
} from "./domain";
import { faultSchema } from "./fault";
import { isExperimentId } from "./lab";
import { networkRecipeSchema } from "./recipe";
import {
  trainingLookSchema,
  trainingOutcomeSchema,
  trainingPlanSchema,
  trainingProgressSchema,
  trainingSchema,
  trainingSummarySchema,
} from "./training";

const nothing = z.strictObject({});
const count = z.int().min(0);

/** A picture's place in the library. */
export const pictureRefSchema = z.strictObject({
  gallery: idSchema,
  run: idSchema,
});

/** A file or folder the user chose in a dialog or dropped; main knows the path, nobody else. */
export const tokenSchema = z.string().regex(/^[0-9a-f-]{36}$/);
/** What the user chose a path for. */
const purposeSchema = z.enum(["read", "write"]);

export interface CommandSpec {
  readonly request: z.ZodType;
  readonly reply: z.ZodType;
}
export interface JobSpec extends CommandSpec {
  readonly progress: z.ZodType;
  /** The header of a frame; its bytes travel beside it. */
  readonly frame: z.ZodType;
}

function command<Q extends z.ZodType, A extends z.ZodType>(
  request: Q,
  reply: A,
) {
  return { request, reply };
}
function job<
  Q extends z.ZodType,
  A extends z.ZodType,
  P extends z.ZodType,
  F extends z.ZodType,
>(request: Q, reply: A, progress: P, frame: F) {
  return { request, reply, progress, frame };
}

/** One tile's present state; the progress of a gallery carries those that changed since the last one. */
export const tileProgressSchema = z.strictObject({
  tile: tileSchema,
  state: tileStateSchema,
  step: count,
  score: z.number().nullable(),
  top1: z.boolean().nullable(),
  /** Scores since the last progress of this tile; `from` is the step of the first one. */
  from: count,
  scores: z.array(z.number()),
  /** Set once the run is on disk. */
  record: runRecordSchema.nullable(),
  fault: faultSchema.nullable(),
});

export const galleryProgressSchema = z.strictObject({
  gallery: idSchema,
  /** Image-steps done and to do, over all tiles. */
  imageSteps: count,
  imageStepsTotal: count,
  /** Image-steps a second lately; null before it can be told. */
  rate: z.number().nullable(),
  elapsedMs: z.number().min(0),
  tiles: z.array(tileProgressSchema),
});

/** Bytes: int16 values of the picture (see pictures.ts). */
export const pictureFrameSchema = z.strictObject({
  tile: tileSchema,
  step: count,
  shape: z.tuple([z.int(), z.int(), z.int()]),
});

export const gallerySummarySchema = z.strictObject({
  id: idSchema,
  createdAt: z.string(),
  network: z.string(),
  labels: z.array(z.string()),
  methods: z.array(z.string()),
  runs: count,
  bytes: count,
  /** The first few runs, for a look at it. */
  cover: z.array(idSchema).max(6),
});

/** What goes on while a network is opened. */
export const openingSchema = z.strictObject({
  stage: z.string().max(200),
  bytes: count,
  total: count,
});

export const knownNetworkSchema = z.strictObject({
  id: idSchema,
  name: z.string(),
  /** "PyTorch state dict", for people. */
  format: z.string(),
  url: z.string(),
  licence: z.string(),
  bytes: count,
  /** "sha256 begins with f37072fd", as the package's own source states it; null where none does. */
  checksum: z.string().nullable(),
  /** Bytes that are there already. */
  present: count,
  /** Whether it has been downloaded whole. */
  complete: z.boolean(),
  /** The id it was opened as last; `networks.get` opens it again. Null: not yet, or removed. */
  network: networkRefSchema.nullable(),
});

/** A row of an experiment's result; the experiment's own schema says what it holds (see shared/lab). */
export const labRowSchema = z.strictObject({
  key: z.string(),
  row: z.json(),
  /** What the row of a long cell is so far: the cell still counts as missing. */
  partial: z.literal(true).optional(),
});

export const labProgressSchema = z.strictObject({
  /** Work done and to do, over all cells; the unit is the experiment's. */
  done: z.number().min(0),
  total: z.number().min(0),
  elapsedMs: z.number().min(0),
  /** Null before it can be told. */
  leftMs: z.number().min(0).nullable(),
  /** Rows that came since the last progress, those computed before among them. */
  rows: z.array(labRowSchema),
});

/** Bytes: int16 values of the picture (see pictures.ts). */
export const labFrameSchema = z.strictObject({
  key: z.string(),
  step: count,
  shape: z.tuple([z.int(), z.int(), z.int()]),
});

const labResultSchema = z.strictObject({
  /** In the order of the table. */
  rows: z.array(labRowSchema),
  /** Cells that are not computed yet. */
  missing: count,
  summary: z.json(),
});

const labRequestSchema = z.strictObject({
  experiment: z.string().max(100).refine(isExperimentId, "no such experiment"),
  network: networkRefSchema.nullable(),
  /** The experiment's own schema checks them. */
  settings: z.json(),
  /** A folder of pictures, for experiments that take them. */
  images: tokenSchema.nullable(),
});

export const engine = {
  status: command(nothing, engineStatusSchema),
  "networks.list": command(nothing, z.array(networkSummarySchema)),
  "networks.get": command(
    z.strictObject({ network: networkRefSchema }),
    networkSchema,
  ),
  /**
   * Opens what the token stands for; the reply's id names the network from then on.
   * Answers given before for these files, or lying beside them, are used; the reply's report says what was guessed.
   */
  "networks.open": job(
    z.strictObject({ token: tokenSchema }),
    networkSchema,
    openingSchema,
    z.never(),
  ),
  /**
   * Opens a network again with other answers, which are remembered by its hash. The id stays. What is `guessed` nobody
   * has confirmed: it is guessed again, and marked as before.
   */
  "networks.answer": job(
    z.strictObject({ network: networkRefSchema, ...savedAnswersSchema.shape }),
    networkSchema,
    openingSchema,
    z.never(),
  ),
  /** Writes `<file>.proxima.json` beside the network's file; the reply names it. */
  "networks.export-answers": command(
    z.strictObject({ network: networkRefSchema, overwrite: z.boolean() }),
    z.discriminatedUnion("outcome", [
      z.strictObject({ outcome: z.literal("written"), file: z.string() }),
      z.strictObject({ outcome: z.literal("exists"), file: z.string() }),
    ]),
  ),
  /** What the network sees in a picture, prepared as the answers say: the best five classes. */
  "networks.check": command(
    z.strictObject({ network: networkRefSchema, token: tokenSchema }),
    z.strictObject({
      top5: z.array(classScoreSchema).max(5),
      /** The picture as it goes in, before the preprocessing. Bytes: int16 values (see pictures.ts). */
      shape: z.tuple([z.int(), z.int(), z.int()]),
    }),
  ),
  /** How a network's runs climb by default, as far as it is known: nothing is measured. */
  "networks.recipe": command(
    z.strictObject({ network: networkRefSchema }),
    networkRecipeSchema,
  ),
  /**
   * Measures it where that was not done before, once no run is going; it is kept by the network's identity.
   * Progress in image-steps.
   */
  "networks.calibrate": job(
    z.strictObject({ network: networkRefSchema }),
    networkRecipeSchema,
    z.strictObject({ done: count, total: count }),
    z.never(),
  ),
  /** A list of class names in a file: one a line, a JSON array, or ImageNet's { "0": ["n01440764", "tench"] }. */
  "labels.read": command(
    z.strictObject({ token: tokenSchema }),
    z.strictObject({ labels: z.array(z.string().max(1000)).max(1_000_000) }),
  ),
  /** Well-known networks and where their makers offer them; nothing is downloaded before it is asked for. */
  "known.list": command(nothing, z.array(knownNetworkSchema)),
  /** Downloads one into the app's data, checks it, and opens it. Goes on where an earlier download stopped. */
  "known.download": job(
    z.strictObject({ id: idSchema }),
    networkSchema,
    openingSchema,
    z.never(),
  ),
  /** Deletes what was downloaded of it, whole or in part. */
  "known.remove": command(z.strictObject({ id: idSchema }), nothing),
  /** Computes every tile; finished runs are in the library before their tile says done. */
  "gallery.run": job(
    galleryRequestSchema,
    z.strictObject({
      gallery: idSchema,
      state: z.enum(["done", "cancelled"]),
      elapsedMs: z.number(),
    }),
    galleryProgressSchema,
    pictureFrameSchema,
  ),
  "library.list": command(nothing, z.array(gallerySummarySchema)),
  /** A gallery with its finished runs; null id is the latest. Null where there is none. */
  "library.get": command(
    z.strictObject({ gallery: idSchema.nullable() }),
    z
      .strictObject({
        gallery: galleryRecordSchema,
        runs: z.array(runRecordSchema),
      })
      .nullable(),
  ),
  /** Moves a gallery to the trash inside the library; `library.restore` is the undo. */
  "library.delete": command(z.strictObject({ gallery: idSchema }), nothing),
  "library.restore": command(z.strictObject({ gallery: idSchema }), nothing),
  /**
   * Takes a gallery's folder (an export of records, or what `proxima render` wrote) into the library.
   * One that is there already is only named. Progress in steps of work.
   */
  "library.import": job(
    z.strictObject({ token: tokenSchema }),
    z.strictObject({
      gallery: idSchema,
      /** False: it was in the library already. */
      added: z.boolean(),
      /** Runs that are damaged and were left out, and why, for the first few. */
      left: count,
      why: z.array(z.string().max(1000)).max(5),
    }),
    z.strictObject({ done: count, total: count }),
    z.never(),
  ),
  /** What stands in the way of reading the library, or of keeping pictures there; null: nothing. */
  "library.check": command(
    nothing,
    z.strictObject({ fault: faultSchema.nullable() }),
  ),
  "library.size": command(
    nothing,
    z.strictObject({ bytes: count, galleries: count, runs: count }),
  ),
  "library.clear": command(nothing, nothing),
  /** The picture at a kept step (the nearest kept step at or before it); bytes: int16 values. */
  /** What was computed before for these settings, without computing anything. */
  "lab.stored": command(labRequestSchema, labResultSchema),
  /** Computes the cells that are missing; each row is kept before it is told. */
  "lab.run": job(
    labRequestSchema.extend({
      /** Computes also what was computed before. */
      fresh: z.boolean(),
    }),
    labResultSchema.extend({ state: z.enum(["done", "cancelled"]) }),
    labProgressSchema,
    labFrameSchema,
  ),
  /** The picture kept with a row; null where none was. Bytes: int16 values. */
  "lab.picture": command(
    labRequestSchema.extend({ key: z.string() }),
    z.strictObject({ shape: z.tuple([z.int(), z.int(), z.int()]) }).nullable(),
  ),
  /** What a folder of class folders (or a .tar of it) holds, by names alone; refused where it is none. */
  "training.look": command(
    z.strictObject({ token: tokenSchema }),
    trainingLookSchema,
  ),
  /**
   * A new experiment: every picture is decoded once, what cannot be read is left out, the rest is divided.
   * `test` may stand for a JSON list of the names of the test part. Progress in pictures.
   */
  "training.create": job(
    z.strictObject({
      token: tokenSchema,
      plan: trainingPlanSchema,
      test: tokenSchema.nullable(),
    }),
    trainingSchema,
    z.strictObject({ done: count, total: count }),
    z.never(),
  ),
  /** Runs what is not finished, from the last checkpoint on. Cancelled, it pauses after the present step. */
  "training.run": job(
    z.strictObject({ id: idSchema }),
    trainingOutcomeSchema,
    trainingProgressSchema,
    z.never(),
  ),
  "training.list": command(nothing, z.array(trainingSummarySchema)),
  "training.get": command(z.strictObject({ id: idSchema }), trainingSchema),
  /** Ends one run early and keeps its best network; a job that is at the experiment goes on with the next run. */
  "training.stop-run": command(
    z.strictObject({ id: idSchema, run: idSchema }),
    nothing,
  ),
  /** Moves an experiment to a trash; `training.restore` is the undo. */
  "training.delete": command(z.strictObject({ id: idSchema }), nothing),
  "training.restore": command(z.strictObject({ id: idSchema }), nothing),
  /** Opens a run's best network like any other. */
  "training.open": job(
    z.strictObject({ id: idSchema, run: idSchema }),
    networkSchema,
    openingSchema,
    z.never(),
  ),
  picture: command(
    pictureRefSchema.extend({ step: count }),
    z.strictObject({
      shape: z.tuple([z.int(), z.int(), z.int()]),
      step: count,
    }),
  ),
  export: job(
    z.strictObject({
      gallery: idSchema,
      /** Which runs; null is all of the gallery. */
      runs: z.array(idSchema).nullable(),
      format: exportFormatSchema,
      contrast: contrastSchema,
      /** A folder (png, npy, records) or a file (sheet, html, csv), chosen in a dialog. */
      token: tokenSchema,
      /** Set after the user agreed to it. */
      overwrite: z.boolean(),
    }),
    z.discriminatedUnion("outcome", [
      z.strictObject({
        outcome: z.literal("written"),
        files: count,
        bytes: count,
        /** Runs that were left out, and why, of the first five. */
        left: count,
        why: z.array(z.string().max(1000)).max(5),
      }),
      /** Nothing was written; ask, and call again with `overwrite`. */
      z.strictObject({
        outcome: z.literal("exists"),
        files: z.array(z.string()).max(20),
      }),
      z.strictObject({ outcome: z.literal("cancelled") }),
    ]),
    z.strictObject({ done: count, total: count }),
    z.never(),
  ),
} as const;

export const settingsSchema = z.strictObject({
  version: z.literal(1),
  theme: z.enum(["system", "dark", "light"]),
  /** 0: as many as there are cores. */
  threads: z.int().min(0).max(256),
  /** MiB the host may use for a batch; 0: no limit of its own. */
  memoryLimit: z.int().min(0).max(1_000_000),
  precision: precisionSchema,
  /** Null: inside the app's own data. */
  libraryFolder: z.string().max(4096).nullable(),
});
/** What the window remembers from one start to the next; the renderer owns its meaning. */
export const rememberedSchema = z.record(z.string().max(100), z.json());

/** What a page of the Lab is written as; a table is CSV. */
export const pageFormatSchema = z.enum(["html", "json", "csv"]);

export const menuCommandSchema = z.enum([
  "open-network",
  "open-network-folder",
  "open-gallery",
  "run",
  "stop",
  "export",
  "undo",
  "redo",
  "settings",
  "show-compare",
  "show-network",
  "show-lab",
  "show-library",
  "large",
  "shortcuts",
  "about",
]);

export const app = {
  settings: command(nothing, settingsSchema),
  "settings.change": command(
    settingsSchema.omit({ version: true }).partial(),
    settingsSchema,
  ),
  remembered: command(nothing, rememberedSchema),
  "remembered.change": command(rememberedSchema, nothing),
  /** Open dialog for a network; one dialog cannot offer files and folders everywhere. Null: the user thought better of it. */
  "choose.network": command(
    z.strictObject({ what: z.enum(["file", "folder"]).default("file") }),
    z.strictObject({ token: tokenSchema, name: z.string() }).nullable(),
  ),
  /**
   * Open dialog for a picture to check a network with, a file of class names, an archive of class folders to train
   * on, or the names of its test part.
   */
  "choose.file": command(
    z.strictObject({
      what: z.enum(["picture", "labels", "archive", "test-names"]),
    }),
    z.strictObject({ token: tokenSchema, name: z.string() }).nullable(),
  ),
  /** Folder dialog for a gallery's records. */
  "choose.gallery": command(
    nothing,
    z.strictObject({ token: tokenSchema, name: z.string() }).nullable(),
  ),
  /**
   * What the token stands for was opened as this network: main remembers where it lies, as the window cannot.
   * The reply: never opened before, opened from there before, found again elsewhere (the place of before is
   * forgotten), or other content than was opened from there before.
   */
  "networks.opened": command(
    z.strictObject({
      token: tokenSchema,
      network: networkRefSchema,
      name: z.string().max(1000),
    }),
    z.strictObject({ was: z.enum(["new", "same", "moved", "changed"]) }),
  ),
  /** Networks opened from disk lately, also before the last start, the latest first; each token opens its one. */
  "networks.recent": command(
    nothing,
    z.array(
      z.strictObject({
        token: tokenSchema,
        network: networkRefSchema,
        name: z.string(),
        /** Whether something still lies where it was opened; what has moved is asked for. */
        present: z.boolean(),
      }),
    ),
  ),
  /** Save or folder dialog for an export. */
  "choose.export": command(
    z.strictObject({
      format: exportFormatSchema,
      suggestion: z.string().max(200),
    }),
    z.strictObject({ token: tokenSchema, name: z.string() }).nullable(),
  ),
  /** Folder dialog for pictures: for an experiment of the Lab, or to train on. */
  "choose.folder": command(
    z.strictObject({ what: z.enum(["pictures", "training"]) }),
    z.strictObject({ token: tokenSchema, name: z.string() }).nullable(),
  ),
  /**
   * Save dialog for a page of the Lab or one of its tables, and what is written there: the bytes beside the request.
   * Null: the user thought better of it.
   */
  "page.save": command(
    z.strictObject({
      format: pageFormatSchema,
      suggestion: z.string().max(200),
    }),
    z.strictObject({ token: tokenSchema, name: z.string() }).nullable(),
  ),
  /** Shows in the system's file manager what was written to a chosen place. */
  "file.reveal": command(z.strictObject({ token: tokenSchema }), nothing),
  /** Folder dialog for the library; the reply is the settings as they are afterwards. */
  "choose.library": command(nothing, settingsSchema),
  "log.open": command(nothing, nothing),
  "library.reveal": command(nothing, nothing),
  /** Bytes: the PNG to put on the clipboard. */
  "clipboard.picture": command(nothing, nothing),
  /** Starts the engine host again after it was lost; a new port follows. */
  "engine.restart": command(nothing, nothing),
  /** What would be lost if the window closed now; main asks the user when it is not null. */
  busy: command(
    z.strictObject({ what: z.string().max(200).nullable() }),
    nothing,
  ),
  about: command(
    nothing,
    z.strictObject({
      version: z.string(),
      electron: z.string(),
      warning: z.string().nullable(),
    }),
  ),
} as const;

/** Main -> renderer, without reply. */
export const appEventSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("menu"), command: menuCommandSchema }),
  z.strictObject({
    kind: z.literal("engine-gone"),
    message: z.string(),
    remedy: z.string(),
  }),
  /** A path on the command line, of this start or of a second one, or from the system: open it. */
  z.strictObject({
    kind: z.literal("open"),
    token: tokenSchema,
    name: z.string(),
    what: z.enum(["network", "gallery"]),
  }),
  /** Chosen in the menu of recent networks. */
  z.strictObject({
    kind: z.literal("open-recent"),
    network: networkRefSchema,
  }),
  /** The machine slept in the middle of something. */
  z.strictObject({ kind: z.literal("resumed") }),
]);

export const control = {
  configure: command(
    z.strictObject({
      libraryFolder: z.string(),
      /** Whether the library's folder is made where it is missing; one that the user chose was taken away then. */
      makeLibrary: z.boolean(),
      bundledFolder: z.string(),
      /** The app's own folder: downloaded networks and remembered answers. */
      dataFolder: z.string(),
      threads: z.int().min(0),
      memoryLimit: z.int().min(0),
    }),
    nothing,
  ),
  /** Tells the host which path a token stands for, and what it was chosen for. */
  grant: command(
    z.strictObject({
      token: tokenSchema,
      path: z.string().max(4096),
      purpose: purposeSchema,
    }),
    nothing,
  ),
} as const;

export type Purpose = z.infer<typeof purposeSchema>;
export type EngineTable = typeof engine;
export type AppTable = typeof app;
export type ControlTable = typeof control;
export type Request<C extends CommandSpec> = z.input<C["request"]>;
export type Reply<C extends CommandSpec> = z.output<C["reply"]>;
export type Progress<J extends JobSpec> = z.output<J["progress"]>;
export type FrameHeader<J extends JobSpec> = z.output<J["frame"]>;
export type Settings = z.infer<typeof settingsSchema>;
export type Remembered = z.infer<typeof rememberedSchema>;
export type AppEvent = z.infer<typeof appEventSchema>;
export type PageFormat = z.infer<typeof pageFormatSchema>;
export type MenuCommand = z.infer<typeof menuCommandSchema>;
export type TileProgress = z.infer<typeof tileProgressSchema>;
export type GalleryProgress = z.infer<typeof galleryProgressSchema>;
export type Opening = z.infer<typeof openingSchema>;
export type KnownNetwork = z.infer<typeof knownNetworkSchema>;
export type GallerySummary = z.infer<typeof gallerySummarySchema>;
export type LabRowData = z.infer<typeof labRowSchema>;
export type LabProgress = z.infer<typeof labProgressSchema>;
export type LabFrame = z.infer<typeof labFrameSchema>;
