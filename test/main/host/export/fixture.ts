/** A small gallery on disk, as the library writes one. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  galleryRecordSchema,
  runRecordSchema,
  type AscentSettings,
  type GalleryRecord,
  type Method,
  type RunRecord,
} from "../../../../src/shared/domain";
import { slopesOf } from "../../../../src/shared/method";
import { toPicture } from "../../../../src/shared/pictures";
import { writeNpy } from "../../../../src/main/host/npy";

export const methods: readonly Method[] = [
  { kind: "relu" },
  { kind: "leaky", slope: 0.1 },
  { kind: "proxygrad", slope: 0.1 },
];

export const settings: AscentSettings = {
  steps: 4,
  stepSize: 5,
  startNoise: 0.1,
  seed: 7,
  regularization: { blur: 0.5, rotate: 5, rotateProbability: 0.3 },
  batch: 8,
  precision: "float32",
  keep: 2,
};

export interface FixtureOptions {
  readonly labels?: readonly string[];
  readonly shape?: readonly [number, number, number];
  readonly methods?: readonly Method[];
  /** Changes a run before it is written; null leaves its tile without a picture. */
  readonly change?: (run: RunRecord) => RunRecord | null;
  /** The image of a tile; by default {@link imageOf}. */
  readonly image?: (row: number, column: number) => Float32Array;
}

export interface Fixture {
  readonly folder: string;
  readonly gallery: GalleryRecord;
  readonly runs: readonly RunRecord[];
}

/** A folder that goes when the test is over. */
export async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "proxima-export-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A dim image, unlike that of every other tile: a ramp around a value of the tile's own. */
export function imageOf(
  row: number,
  column: number,
  shape: readonly [number, number, number] = [6, 8, 3],
): Float32Array {
  const length = shape[0] * shape[1] * shape[2];
  return Float32Array.from(
    { length },
    (_, i) => (row - column) * 0.02 + 0.05 * Math.sin(i * 1.7 + row + column),
  );
}

export async function makeGallery(
  options: FixtureOptions = {},
): Promise<Fixture> {
  const {
    labels = ["pelican", "analog clock"],
    shape = [6, 8, 3],
    change = (run) => run,
    image = (row, column) => imageOf(row, column, shape),
  } = options;
  const columns = options.methods ?? methods;
  const folder = join(await temporary(), "gallery-1");
  await mkdir(folder);
  const gallery = galleryRecordSchema.parse({
    format: "proxima-gallery",
    version: 3,
    id: "gallery-1",
    createdAt: "2025-03-01T10:00:00.000Z",
    request: {
      // a class is changed in its whole row
      targets: labels.map((label, row) => {
        const [method = { kind: "relu" as const }] = columns;
        const run = runRecord(row, 0, label, method, shape);
        return (change(run) ?? run).target;
      }),
      columns: columns.map((method) => ({ network: "tiny", method })),
      settings,
      seeds: 1,
      padBatch: true,
    },
    networks: null,
    labels: [...labels],
    shard: null,
  } satisfies GalleryRecord);
  await writeFile(join(folder, "gallery.json"), JSON.stringify(gallery));

  const runs: RunRecord[] = [];
  for (const [row, label] of labels.entries())
    for (const [column, method] of columns.entries()) {
      const run = change(runRecord(row, column, label, method, shape));
      if (!run) continue;
      runs.push(runRecordSchema.parse(run));
      const place = join(folder, run.id);
      await mkdir(place);
      const values = image(row, column);
      await writeFile(join(place, "run.json"), JSON.stringify(run));
      await writeFile(join(place, "image.npy"), writeNpy(shape, values));
      await writeFile(join(place, "image.png"), `png of ${run.id}`);
      await writeFile(
        join(place, "steps.i16"),
        new Uint8Array(toPicture(shape, values).values.buffer),
      );
    }
  return { folder, gallery, runs };
}

function runRecord(
  row: number,
  column: number,
  label: string,
  method: Method,
  shape: readonly [number, number, number],
): RunRecord {
  const slopes = slopesOf(method);
  const score = 10.123456789 * (row + 1) * (1 + column / 2);
  return {
    format: "proxima-run",
    version: 2,
    id: `run-${row}-${column}`,
    gallery: "gallery-1",
    tile: { row, column, seed: 0 },
    createdAt: "2025-03-01T10:00:00.000Z",
    network: {
      id: "tiny",
      name: "Tiny <Net> & Co",
      hash: "ab".repeat(32),
      licence: "CC BY 4.0",
      identity: null,
      assumptions: null,
      output: null,
    },
    head: "softmax",
    seed: settings.seed,
    batch: settings.batch,
    tail: null,
    target: { kind: "logit", index: 100 + row },
    label,
    method,
    forwardSlope: slopes.forward,
    backwardSlope: slopes.backward,
    settings,
    shape: [shape[0], shape[1], shape[2]],
    state: "done",
    step: 4,
    score,
    trace: [0, score / 4, score / 2, score / 1.2, score],
    kept: [0, 2, 4],
    top1: column !== 1,
    probability: 0.75,
    top5: [
      {
        index: column === 1 ? 5 : 100 + row,
        label: column === 1 ? "crane" : label,
        logit: score,
        probability: 0.75,
      },
      { index: 6, label: "lion", logit: 1, probability: 0.125 },
    ],
    gradientNorm: 0.0123,
    imageStd: 0.052,
    backend: "Native TensorFlow 2.21 · CPU",
    versions: { proxima: "0.1.0" },
    elapsedMs: 1234.5,
  };
}
