/**
 * The words of the domain as zod schemas; every type is inferred from them.
 * Pictures travel as int16: value = round(x * 32767) for x in [-1, 1], so that contrast rules lose nothing.
 */
import { z } from "zod";

/** At most this many targets, columns and steps in one gallery; far above what a screen or a night holds. */
export const limits = {
  targets: 10_000,
  columns: 16,
  steps: 100_000,
  batch: 256,
  seeds: 1000,
  /** Pictures of one gallery: targets times columns times seeds. */
  runs: 160_000,
  text: 1000,
} as const;

const text = z.string().max(limits.text);
/** Names of galleries and runs are folder names: letters, digits, dot, dash, underscore; no leading dot. */
export const idSchema = z
  .string()
  .max(160)
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/);

export const slopeSchema = z.number().min(0).max(1);

/** The gradient rules compared. For a rectifier with a slope a of its own: plain (a, a), Leaky (s, s), ProxyGrad (a, p). */
export const methodSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("relu") }),
  z.strictObject({ kind: z.literal("leaky"), slope: slopeSchema }),
  z.strictObject({ kind: z.literal("proxygrad"), slope: slopeSchema }),
  z.strictObject({
    kind: z.literal("slopes"),
    forward: slopeSchema,
    backward: slopeSchema,
  }),
]);

/** What is maximised. Channels, neurons and directions join this union later. */
export const targetSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("logit"),
    index: z.int().min(0).max(1_000_000),
    /** The objective is the negative logit: the run lowers it. Its score is that objective, so higher is always better. */
    minimise: z.literal(true).optional(),
  }),
]);

/**
 * What a network's output values mean. `softmax`: logits of classes that exclude each other. `sigmoid`: each unit is
 * the logit of a probability of its own. `value`: plain numbers (regression, embeddings), no probability. `map`: the
 * mean of a map of values, no probability.
 */
export const headSchema = z.enum(["softmax", "sigmoid", "value", "map"]);

/** Key of an assumption to its value as it is typed: { activation: "leaky:0.1" }. */
export const assumptionValuesSchema = z.record(
  z.string().min(1).max(40),
  z.string().min(1).max(200),
);

/** Something the files do not say, and what was taken for it. */
export const assumptionSchema = z.strictObject({
  /** As in `--assume KEY=VALUE`: "activation", "stem-stride", "heads". */
  key: z.string().min(1).max(40),
  /** The value in use, as it is typed: "relu", "leaky:0.1", "2". */
  value: z.string().min(1).max(200),
  /** Nothing speaks for it (`assumed`), shapes or statistics do (`evidence`), a file says it (`file`), the user did (`answer`). */
  from: z.enum(["assumed", "evidence", "file", "answer"]),
  /** One sentence; contains the word "assumed" unless `from` is `file` or `answer`. */
  because: text,
  /** Values that can be given instead, some of them examples of a pattern ("leaky:0.1"). */
  choices: z.array(z.string().max(200)).max(40),
});

/** A value of the network that can be its output. */
export const outputChoiceSchema = z.strictObject({
  name: z.string().max(1000),
  /** Batch left out; channels last. */
  shape: z.array(z.int()).max(8),
});

export const precisionSchema = z.enum(["float32", "bfloat16"]);

export const networkRefSchema = z
  .string()
  .min(1)
  .max(200)
  .describe("a bundled id, or the id the host gave an opened network");

export const regularizationSchema = z.strictObject({
  /** Gaussian blur after each update, sigma in pixels; 0 is off. */
  blur: z.number().min(0).max(20),
  /** Largest rotation in degrees, either way; 0 is off. */
  rotate: z.number().min(0).max(180),
  /** How often a step rotates. */
  rotateProbability: z.number().min(0).max(1),
});

/** Everything that decides the pictures besides network, targets and methods. */
export const ascentSettingsSchema = z.strictObject({
  steps: z.int().min(1).max(limits.steps),
  /** L2 length of one update of an image, in units of x in [-1, 1]. */
  stepSize: z.number().gt(0).max(10_000),
  /** Standard deviation of the Gaussian start around grey. */
  startNoise: z.number().min(0).max(10),
  seed: z.int().min(0).max(0xffffffff),
  regularization: regularizationSchema,
  /** Images in one native call; every call is padded to it. */
  batch: z.int().min(1).max(limits.batch),
  precision: precisionSchema,
  /** Keep a snapshot every so many steps (and the last); 0 keeps only the last. */
  keep: z.int().min(0).max(limits.steps),
});

export const columnSchema = z.strictObject({
  network: networkRefSchema,
  method: methodSchema,
});

export const shardSchema = z
  .strictObject({ index: z.int().min(1), count: z.int().min(1).max(10_000) })
  .refine(
    (s) => s.index <= s.count,
    "the shard index counts from 1 to the shard count",
  );

/** What a Run button asks for: rows are targets, columns are methods, one start. */
export const galleryRequestSchema = z.strictObject({
  targets: z.array(targetSchema).min(1).max(limits.targets),
  columns: z.array(columnSchema).min(1).max(limits.columns),
  settings: ascentSettingsSchema,
  /** Runs of each target and column, from `settings.seed` to `settings.seed + seeds - 1`. */
  seeds: z.int().min(1).max(limits.seeds),
  /** Every native call takes `settings.batch` images, the last one padded. False: batches are balanced, none is padded. */
  padBatch: z.boolean(),
});

export const tileSchema = z.strictObject({
  row: z.int().min(0).max(limits.targets),
  column: z.int().min(0).max(limits.columns),
  /** Counts the request's seeds from 0. */
  seed: z.int().min(0).max(limits.seeds),
});

export const preprocessingSchema = z.strictObject({
  order: z.enum(["RGB", "BGR"]),
  mean: z.array(z.number()).min(1).max(64),
  std: z
    .array(z.number().refine((v) => v !== 0, "a std of 0 divides by zero"))
    .min(1)
    .max(64),
});

export const runStateSchema = z.enum(["done", "silent", "cancelled"]);
/** A tile in the window: a run's state, or what comes before and instead of it. */
export const tileStateSchema = z.enum([
  "waiting",
  "running",
  "done",
  "silent",
  "cancelled",
  "failed",
]);

export const classScoreSchema = z.strictObject({
  index: z.int().min(0),
  label: text,
  logit: z.number(),
  /** Null where the head has none. */
  probability: z.number().min(0).max(1).nullable(),
});

/** Scores of the last tenth of the steps, at least ten of them: one score under random transforms is a noisy step. */
export const tailSchema = z.strictObject({
  mean: z.number(),
  /** Standard deviation with n - 1, of single scores (not of the mean). */
  std: z.number().min(0),
  /** Scores taken. */
  steps: z.int().min(10),
});

/** The record of one run (`run.json`): enough to run it again. */
export const runRecordSchema = z.strictObject({
  format: z.literal("proxima-run"),
  version: z.literal(2),
  id: idSchema,
  gallery: idSchema,
  tile: tileSchema,
  createdAt: z.string().max(40),
  network: z.strictObject({
    id: networkRefSchema,
    name: text,
    /** sha256 over the files the network was read from, hex. */
    hash: z.string().max(64),
    licence: text,
    /** What was decided when the network was opened; missing in records of before. */
    preprocessing: preprocessingSchema.nullable().optional(),
    /** Of the file's hash and every answer (see NetworkSummary); null in records of version 1. */
    identity: z.string().max(64).nullable(),
    /** What was assumed or corrected; null in records of version 1. */
    assumptions: assumptionValuesSchema.nullable(),
    /** The output that was taken; null in records of version 1. */
    output: z.string().max(1000).nullable(),
  }),
  /** What the output means; records of version 1 took every head for `softmax`. */
  head: headSchema,
  target: targetSchema,
  label: text,
  method: methodSchema,
  forwardSlope: slopeSchema,
  backwardSlope: slopeSchema,
  settings: ascentSettingsSchema,
  /** Of this run: `settings.seed` plus the tile's. */
  seed: z
    .int()
    .min(0)
    .max(0xffffffff + limits.seeds),
  /** Images in each native call of this run, padding included. */
  batch: z.int().min(1).max(limits.batch),
  /** [height, width, channel] of the picture. */
  shape: z.tuple([z.int(), z.int(), z.int()]),
  state: runStateSchema,
  /** Updates done; score belongs to the image after so many. */
  step: z.int().min(0),
  /** The objective in the original network, no transform: the target's logit, its negative where it is minimised. */
  score: z.number(),
  /** Null where fewer than ten steps were scored. */
  tail: tailSchema.nullable(),
  /** trace[k]: score of the image after k updates, regularization and clip. */
  trace: z.array(z.number()),
  /** Kept steps, ascending; the last one is `step`. */
  kept: z.array(z.int().min(0)),
  /** Whether the target is the best class; null where the head has no classes that exclude each other. */
  top1: z.boolean().nullable(),
  /** Probability of the target in the original network; null where the head has none. */
  probability: z.number().min(0).max(1).nullable(),
  /** Best five classes of the original network on the final picture. */
  top5: z.array(classScoreSchema).max(5),
  /** L2 norm of the last gradient of the method's own network; 0 for a silent run, null where no step was taken. */
  gradientNorm: z.number().min(0).nullable(),
  /** Standard deviation of the final image over all values. */
  imageStd: z.number().min(0),
  backend: text,
  versions: z.record(z.string().max(60), z.string().max(100)),
  elapsedMs: z.number().min(0),
});

/** The record of a gallery folder (`gallery.json`); the runs lie beside it, a folder each. */
export const galleryRecordSchema = z.strictObject({
  format: z.literal("proxima-gallery"),
  version: z.literal(3),
  id: idSchema,
  createdAt: z.string().max(40),
  request: galleryRequestSchema,
  /** What the columns' networks are, by the columns' references; null in records of before version 3. */
  networks: z
    .record(
      networkRefSchema,
      z.strictObject({
        name: text,
        /** As in the runs' records. */
        hash: z.string().max(64),
        identity: z.string().max(64),
      }),
    )
    .nullable(),
  /** Labels of the targets, in the order of the rows. */
  labels: z.array(text),
  shard: shardSchema.nullable(),
});

/** Usual ways to prepare pixels: 0..1, -1..1, ImageNet's mean and std in RGB, Caffe's means in BGR. */
export const presetSchema = z.enum(["unit", "signed", "imagenet", "caffe"]);

/** What the classes are called: not known, ImageNet's 1,000, or a list, index by index. */
export const classNamesSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("imagenet") }),
  z.strictObject({
    kind: z.literal("list"),
    labels: z.array(text).max(1_000_000),
  }),
]);

/** What a file seldom says of its network, and who opens it decides. */
export const answersSchema = z.strictObject({
  /** [height, width] of the input; null: as the file says. */
  size: z
    .tuple([z.int().min(1).max(16_384), z.int().min(1).max(16_384)])
    .nullable(),
  /** Null: the image goes in as it is, in [-1, 1]. */
  preprocessing: preprocessingSchema.nullable(),
  labels: classNamesSchema,
  /** Corrections of what is assumed; keys not in it stay assumed. */
  assumptions: assumptionValuesSchema,
  /** Name of the output; null: by the rule. */
  output: z.string().max(1000).nullable(),
  /** Null: as the file says, or as assumed. */
  head: headSchema.nullable(),
});

/** Parts of answers that may be a guess nobody has confirmed: they are guessed again when the network is opened. */
export const guessedPartsSchema = z
  .array(z.enum(["size", "preprocessing", "labels"]))
  .max(3);

/** Answers as they are kept. */
export const savedAnswersSchema = z.strictObject({
  answers: answersSchema,
  guessed: guessedPartsSchema,
});

/** `<file>.proxima.json`: the answers beside a network's file, for colleagues and the command line. */
export const answersFileSchema = z.strictObject({
  format: z.literal("proxima-answers"),
  version: z.literal(2),
  /** Of the network the answers are for, as in its summary. */
  hash: z.string().max(64),
  ...savedAnswersSchema.shape,
});

/** How a network came in: what the import card shows and asks. */
export const importReportSchema = z.strictObject({
  producer: text,
  /** Nodes of the network as it is computed. */
  layers: z.int().min(0),
  /** [height, width] where the file fixes it; null: any that its layers allow. */
  fixedSize: z.tuple([z.int(), z.int()]).nullable(),
  /** What was taken off: "softmax". */
  stripped: z.array(text),
  answers: answersSchema,
  /** Where the answers are from; "guess" wants to be looked at. */
  from: z.strictObject({
    size: z.enum(["file", "answer", "guess"]),
    preprocessing: z.enum(["file", "answer", "guess"]),
    labels: z.enum(["file", "answer", "guess"]),
  }),
  /** What the files do not say and was taken instead; most networks of state dicts have some. */
  assumptions: z.array(assumptionSchema).max(40),
  /** Values that can be the output, the one in use first. */
  outputs: z.array(outputChoiceSchema).max(1000),
  /** Where the meaning of the output is from. */
  headFrom: z.enum(["file", "answer", "assumed"]),
  /** Names of the files beside the network that were read: "config.json". */
  sources: z.array(z.string().max(300)).max(20),
  /** What was answered for another network of the same architecture, where nothing was for this one. */
  offer: z
    .strictObject({ network: text, ...savedAnswersSchema.shape })
    .nullable(),
  /** Why the guess, in a sentence: "The file is torchvision's resnet18: its weights expect ImageNet's mean and std." */
  because: text,
  /** What the file says or else the guess, without anyone's word: to go back to. */
  suggested: z.strictObject({
    answers: answersSchema,
    from: z.strictObject({
      size: z.enum(["file", "guess"]),
      preprocessing: z.enum(["file", "guess"]),
      labels: z.enum(["file", "guess"]),
    }),
  }),
});

export const networkSummarySchema = z.strictObject({
  id: networkRefSchema,
  name: text,
  format: text,
  hash: z.string().max(64),
  /**
   * sha256 of the file's hash and all answers that change what is computed (size, preprocessing, assumptions, output,
   * head), hex. Whatever is kept for a network is kept under it.
   */
  identity: z.string().max(64),
  bundled: z.boolean(),
  input: z.strictObject({ height: z.int(), width: z.int(), channels: z.int() }),
  preprocessing: preprocessingSchema.nullable(),
  classes: z.int().min(1),
  head: headSchema,
  parameters: z.int().min(0),
  /** Number of nodes of each kind of operation. */
  operations: z.record(z.string(), z.int()),
  rectifiers: z.int().min(0),
  /** Activations of any kind, rectifiers among them: "0 of 57 activations are ReLU". */
  activations: z.int().min(0),
  /** What the runs maximise, in words: "class logit (a last softmax was taken off)". */
  maximises: text,
  warnings: z.array(text),
  source: text,
  licence: text,
  report: importReportSchema,
  /** The card's defaults for the ascent, completed with the app's. */
  defaults: ascentSettingsSchema.extend({ backwardSlope: slopeSchema }),
  /** Whether step size, blur and rotation are the card's. Where they are the app's, a recipe can be measured. */
  defaultsFrom: z.enum(["card", "app"]),
});

/** A network as the window holds it: the summary and every label, index by index. */
export const networkSchema = networkSummarySchema.extend({
  labels: z.array(text),
});

export const engineStatusSchema = z.strictObject({
  backend: z.enum(["tensorflow", "wasm", "cpu"]),
  /** For the status chip: "Native TensorFlow 2.21 · CPU". */
  title: text,
  device: text,
  /** Why not native TensorFlow, and how to get it; null where it runs. */
  reason: text.nullable(),
  precisions: z.array(precisionSchema),
  threads: z.int().min(1),
  versions: z.record(z.string(), z.string()),
});

export const exportFormatSchema = z.enum([
  "png",
  "sheet",
  "html",
  "records",
  "csv",
  "npy",
]);
/** One rule for all tiles of a view or an export. */
export const contrastSchema = z.enum(["raw", "sigma", "percentile"]);

export type Method = z.infer<typeof methodSchema>;
export type Target = z.infer<typeof targetSchema>;
export type Head = z.infer<typeof headSchema>;
export type AssumptionValues = z.infer<typeof assumptionValuesSchema>;
export type Assumption = z.infer<typeof assumptionSchema>;
export type OutputChoice = z.infer<typeof outputChoiceSchema>;
export type Tail = z.infer<typeof tailSchema>;
export type Precision = z.infer<typeof precisionSchema>;
export type Regularization = z.infer<typeof regularizationSchema>;
export type AscentSettings = z.infer<typeof ascentSettingsSchema>;
export type Column = z.infer<typeof columnSchema>;
export type Shard = z.infer<typeof shardSchema>;
export type GalleryRequest = z.infer<typeof galleryRequestSchema>;
export type TileRef = z.infer<typeof tileSchema>;
export type RunState = z.infer<typeof runStateSchema>;
export type TileState = z.infer<typeof tileStateSchema>;
export type ClassScore = z.infer<typeof classScoreSchema>;
export type RunRecord = z.infer<typeof runRecordSchema>;
export type GalleryRecord = z.infer<typeof galleryRecordSchema>;
export type Preprocessing = z.infer<typeof preprocessingSchema>;
export type Preset = z.infer<typeof presetSchema>;
export type ClassNames = z.infer<typeof classNamesSchema>;
export type Answers = z.infer<typeof answersSchema>;
export type GuessedParts = z.infer<typeof guessedPartsSchema>;
export type SavedAnswers = z.infer<typeof savedAnswersSchema>;
export type AnswersFile = z.infer<typeof answersFileSchema>;
export type ImportReport = z.infer<typeof importReportSchema>;
export type NetworkSummary = z.infer<typeof networkSummarySchema>;
export type NetworkInfo = z.infer<typeof networkSchema>;
export type EngineStatus = z.infer<typeof engineStatusSchema>;
export type ExportFormat = z.infer<typeof exportFormatSchema>;
export type Contrast = z.infer<typeof contrastSchema>;
