/**
 * Checkpoints of a run: everything it needs to go on to the bit. A file is
 *
 *   "PROXIMA\n" | the tensors with a header, as in float-file.ts | sha256 of all before
 *
 * Two are kept, the one before as `checkpoint.previous`: where the last is damaged, a little work is lost, not all.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { TrainState } from "../../../engine";
import { Fault } from "../../../shared/fault";
import { trainingRunSchema } from "../../../shared/training";
import { decodeFloats, encodeFloats } from "../float-file";
import { codeOf, makeFolder, replaceFile, writeFault } from "../folder";

export const checkpointFile = "checkpoint";
export const previousFile = "checkpoint.previous";

const magic = Buffer.from("PROXIMA\n");
const digestBytes = 32;
const count = z.int().min(0);

/** Where a run is: sums over the present epoch, and what its record says so far. */
export const positionSchema = z.strictObject({
  /** Whole epochs done. */
  epoch: count,
  /** Steps done of the next one. */
  step: count,
  /** Over the steps of the present epoch. */
  lossSum: z.number(),
  correct: count,
  images: count,
  /** Spent on them. */
  trainMs: z.number().min(0),
  run: trainingRunSchema,
});

const tensorSchema = z.strictObject({
  group: z.enum(["weights", "first", "second"]),
  name: z.string().max(1000),
  shape: z.array(count).max(8),
});

const headerSchema = z.strictObject({
  version: z.literal(1),
  position: positionSchema,
  /** The optimizer's steps. */
  step: count,
  /** In the order of their values. */
  tensors: z.array(tensorSchema),
});

export type Position = z.infer<typeof positionSchema>;

export interface RunCheckpoint {
  readonly position: Position;
  readonly state: TrainState;
}

type Weights = TrainState["weights"];

/** Writes the run's checkpoint; the one before stays beside it. Throws `export-failed`. */
export async function writeCheckpoint(
  folder: string,
  checkpoint: RunCheckpoint,
): Promise<void> {
  const bytes = encodeCheckpoint(checkpoint);
  const path = join(folder, checkpointFile);
  await makeFolder(folder);
  await rename(path, join(folder, previousFile)).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw writeFault(error, path);
  });
  await replaceFile(path, bytes);
}

/**
 * The last checkpoint that is whole; null where there is none. Throws a Fault `damaged-file` where there are
 * some and none is whole.
 */
export async function readCheckpoint(
  folder: string,
): Promise<RunCheckpoint | null> {
  let seen = false;
  for (const name of [checkpointFile, previousFile]) {
    const bytes = await readFile(join(folder, name)).catch(() => null);
    if (!bytes) continue;
    seen = true;
    const checkpoint = decodeCheckpoint(bytes);
    if (checkpoint) return checkpoint;
  }
  if (!seen) return null;
  throw new Fault(
    "damaged-file",
    `The checkpoints in ${folder} are damaged.`,
    "Take the run's folder away to train it from the start.",
  );
}

export async function removeCheckpoints(folder: string): Promise<void> {
  for (const name of [checkpointFile, previousFile])
    await rm(join(folder, name), { force: true });
}

/** Files that a killed process was writing: a checkpoint's name, or a record's, with a number behind it. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (/^(checkpoint|run\.json)\.\d+$/.test(name))
      await rm(join(folder, name), { force: true });
}

export function encodeCheckpoint({
  position,
  state,
}: RunCheckpoint): Uint8Array {
  const groups = [
    ["weights", state.weights],
    ["first", state.moments.first],
    ["second", state.moments.second],
  ] as const;
  const tensors: z.infer<typeof tensorSchema>[] = [];
  const values: Float32Array[] = [];
  for (const [group, weights] of groups)
    for (const [name, { shape, data }] of Object.entries(weights)) {
      tensors.push({ group, name, shape: [...shape] });
      values.push(data);
    }
  const header = { version: 1, position, step: state.step, tensors };
  const body = Buffer.concat([magic, encodeFloats(header, values)]);
  return Buffer.concat([body, digestOf(body)]);
}

/** Null for what is no whole checkpoint. */
export function decodeCheckpoint(bytes: Buffer): RunCheckpoint | null {
  const end = bytes.length - digestBytes;
  if (end < magic.length || !bytes.subarray(0, magic.length).equals(magic))
    return null;
  if (!digestOf(bytes.subarray(0, end)).equals(bytes.subarray(end)))
    return null;
  const file = decodeFloats(bytes.subarray(magic.length, end));
  const parsed = headerSchema.safeParse(file?.header);
  if (!file || !parsed.success) return null;
  const { position, step, tensors } = parsed.data;
  const values = file.split(
    tensors.map(({ shape }) => shape.reduce((a, b) => a * b, 1)),
  );
  if (!values) return null;
  const groups: Record<string, Record<string, Weights[string]>> = {
    weights: {},
    first: {},
    second: {},
  };
  tensors.forEach(({ group, name, shape }, i) => {
    const data = values[i] ?? new Float32Array();
    Object.assign(groups[group] ?? {}, { [name]: { shape, data } });
  });
  const { weights = {}, first = {}, second = {} } = groups;
  return { position, state: { step, weights, moments: { first, second } } };
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
