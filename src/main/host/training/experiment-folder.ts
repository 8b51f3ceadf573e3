/**
 * An experiment on disk: `experiment.json` (what was asked for and found), `pictures.json` (every picture with its
 * class and part), and a folder a run with `run.json`, `checkpoint`, `checkpoint.previous` and `best`, a network.
 */
import { randomBytes } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { idSchema } from "../../../shared/domain";
import { encodeFault, Fault } from "../../../shared/fault";
import { parseJson } from "../../../shared/json";
import {
  trainingDataSchema,
  trainingPlanSchema,
  trainingRunSchema,
  type Training,
  type TrainingPlan,
  type TrainingRun,
  type TrainingSlopes,
} from "../../../shared/training";
import { codeOf, makeFolder, replaceFile } from "../folder";

export const experimentFile = "experiment.json";
export const picturesFile = "pictures.json";
export const runFile = "run.json";
/** The trained network: model.json, weights.bin, labels.json, card.json. */
export const bestFolder = "best";

const count = z.int().min(0);

export const experimentSchema = z.strictObject({
  format: z.literal("proxima-training"),
  version: z.literal(1),
  id: idSchema,
  createdAt: z.string().max(40),
  /** Where the pictures lie: a folder or a .tar. */
  source: z.string().max(4096),
  plan: trainingPlanSchema,
  data: trainingDataSchema,
  versions: z.record(z.string().max(60), z.string().max(100)),
});

export const pictureSchema = z.strictObject({
  path: z.string().max(4096),
  /** The file's size: a picture that has another one has changed. */
  bytes: count,
  label: count,
  part: z.enum(["train", "validation", "test"]),
});

const picturesSchema = z.strictObject({
  format: z.literal("proxima-training-pictures"),
  version: z.literal(1),
  pictures: z.array(pictureSchema),
});

export type Experiment = z.infer<typeof experimentSchema>;
export type Picture = z.infer<typeof pictureSchema>;

/** Throws a Fault `damaged-file` for what is no experiment, a damaged one or one of another version. */
export function readExperiment(folder: string): Promise<Experiment> {
  const path = join(folder, experimentFile);
  return readRecord(path, "proxima-training", experimentSchema);
}

/** Throws a Fault `damaged-file`. */
export async function readPictures(folder: string): Promise<Picture[]> {
  const path = join(folder, picturesFile);
  const format = "proxima-training-pictures";
  return (await readRecord(path, format, picturesSchema)).pictures;
}

export function picturesText(pictures: readonly Picture[]): string {
  const format = "proxima-training-pictures";
  return `${JSON.stringify({ format, version: 1, pictures })}\n`;
}

/** Throws `export-failed`. */
export async function writeRun(
  folder: string,
  run: TrainingRun,
): Promise<void> {
  await makeFolder(join(folder, run.id));
  const text = `${JSON.stringify(run, null, 1)}\n`;
  await replaceFile(join(folder, run.id, runFile), text);
}

/** All runs of a plan, in the order they are computed: every pair of slopes with the first seed, then with the next. */
export function plannedRuns(plan: TrainingPlan): TrainingRun[] {
  return plan.seeds.flatMap((seed) =>
    plan.slopes.map((slopes) => ({
      format: "proxima-training-run",
      version: 1,
      id: runId(slopes, seed),
      slopes,
      seed,
      state: "waiting",
      curve: [],
      best: null,
      test: null,
      seconds: 0,
      fault: null,
    })),
  );
}

/** "0-0.2-seed-1" */
function runId({ forward, backward }: TrainingSlopes, seed: number): string {
  return `${forward}-${backward}-seed-${seed}`;
}

/**
 * The plan's runs as far as they have come. A run whose record cannot be read has failed, and is left as it is: the
 * others stay.
 */
export async function readRuns(
  folder: string,
  plan: TrainingPlan,
): Promise<TrainingRun[]> {
  const runs: TrainingRun[] = [];
  for (const planned of plannedRuns(plan)) {
    const path = join(folder, planned.id, runFile);
    const there = await stat(path).catch(() => null);
    runs.push(there ? await readRun(path, planned) : planned);
  }
  return runs;
}

async function readRun(
  path: string,
  planned: TrainingRun,
): Promise<TrainingRun> {
  try {
    const format = "proxima-training-run";
    const run = await readRecord(path, format, trainingRunSchema);
    if (run.id === planned.id) return run;
    throw new Fault("damaged-file", `${path} is of another run.`);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const remedy = `Take the folder ${dirname(path)} away to train this run from the start.`;
    const fault = new Fault(error.code, error.message, error.remedy || remedy);
    return { ...planned, state: "failed", fault: encodeFault(fault) };
  }
}

/** An experiment as it is told of. */
export async function readTraining(
  folder: string,
  running: boolean,
): Promise<Training> {
  const { id, createdAt, plan, data } = await readExperiment(folder);
  const runs = await readRuns(folder, plan);
  return { id, createdAt, plan, data, runs, running };
}

/** Names sort by time: 20260131-174501-3f9a. */
export function newId(): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\..*/g, "");
  return `${time.replace("T", "-")}-${randomBytes(2).toString("hex")}`;
}

/** Names of folders in a folder that could be experiments. */
export async function experimentNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(
    () => [],
  );
  return entries
    .filter((e) => e.isDirectory() && idSchema.safeParse(e.name).success)
    .map((e) => e.name);
}

const headSchema = z.object({ format: z.unknown(), version: z.unknown() });

async function readRecord<S extends z.ZodType>(
  path: string,
  format: string,
  schema: S,
): Promise<z.output<S>> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new Fault(
      "damaged-file",
      codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR"
        ? `There is no ${path}.`
        : `${path} cannot be read.`,
      "",
      { cause: error },
    );
  });
  const content = parseJson(text);
  const head = headSchema.safeParse(content);
  if (!head.success || head.data.format !== format)
    throw new Fault("damaged-file", `${path} is no record of a training.`);
  if (head.data.version !== 1)
    throw new Fault(
      "damaged-file",
      `${path} was written by another version of Proxima (version ${String(head.data.version)} of the record).`,
      "Open it with that version; it is left as it is.",
    );
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Fault(
    "damaged-file",
    `${path} is damaged at "${issue?.path.map(String).join(".") ?? ""}".`,
  );
}
