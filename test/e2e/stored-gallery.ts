/**
 * Galleries put into the library before the app starts. Their pictures follow a formula, so that a test
 * knows every value it should see; everything else is as the engine's host writes it.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Locator, Page } from "@playwright/test";
import { PartFolder } from "../../src/main/host/part-folder";
import { runId } from "../../src/main/host/run-id";
import { finishRun, runFiles } from "../../src/main/host/gallery-folder";
import { Library } from "../../src/main/host/library";
import type { GalleryRecord, Method, RunRecord } from "../../src/shared/domain";
import { slopesOf } from "../../src/shared/method";
import { pictureScale, toPicture } from "../../src/shared/pictures";
import { appFolder, expect } from "./fixtures";

const network = "caltech101-resnet18";
const edge = 128;
const kept = [0, 2, 4, 6] as const;
const methods: readonly Method[] = [
  { kind: "relu" },
  { kind: "leaky", slope: 0.2 },
  { kind: "proxygrad", slope: 0.2 },
];

/** x of a pixel, in [-1, 1]; every tile and step has its own waves. */
export function valueAt(
  at: { x: number; y: number; channel: number },
  tile: { row: number; column: number; step: number },
): number {
  const phase =
    (at.x * (1 + tile.column)) / 9 +
    (at.y * (1 + tile.row)) / 13 +
    2 * at.channel +
    tile.step / 3;
  return (0.2 + 0.05 * tile.step) * Math.sin(phase);
}

function picture(tile: { row: number; column: number; step: number }) {
  const image = new Float32Array(edge * edge * 3);
  let i = 0;
  for (let y = 0; y < edge; y++)
    for (let x = 0; x < edge; x++)
      for (let channel = 0; channel < 3; channel++)
        image[i++] = valueAt({ x, y, channel }, tile);
  return image;
}

/** The score of a run after `step` updates. */
export function scoreAt(row: number, column: number, step: number): number {
  return 10 + 20 * row + 7 * column + 3 * step;
}

export interface GalleryPlan {
  readonly id?: string;
  /** Class indices. */
  readonly targets?: readonly number[];
  readonly createdAt?: string;
}

/** Stores a gallery of the three methods under the app's data; every class has six steps, each other one kept. */
export async function storeGallery(
  userData: string,
  {
    id = "first",
    targets = [20, 36],
    createdAt = "2026-01-05T10:00:00.000Z",
  }: GalleryPlan = {},
): Promise<readonly RunRecord[]> {
  const names = await labels();
  const settings: RunRecord["settings"] = {
    steps: 6,
    stepSize: 7,
    startNoise: 0.1,
    seed: 1,
    regularization: { blur: 0.5, rotate: 5, rotateProbability: 0.5 },
    batch: 2,
    precision: "float32",
    keep: 2,
  };
  const gallery: GalleryRecord = {
    format: "proxima-gallery",
    version: 3,
    id,
    createdAt,
    request: {
      targets: targets.map((index) => ({ kind: "logit", index })),
      columns: methods.map((method) => ({ network, method })),
      settings,
      seeds: 1,
      padBatch: true,
    },
    networks: null,
    labels: targets.map((index) => names[index] ?? String(index)),
    shard: null,
  };
  const library = await Library.open(join(userData, "library"));
  const { folder } = await library.begin(gallery);
  const runs = targets.flatMap((index, row) =>
    methods.map((method, column): RunRecord => {
      const target = { kind: "logit" as const, index };
      const slopes = slopesOf(method);
      const label = gallery.labels[row] ?? "";
      return {
        format: "proxima-run",
        version: 2,
        id: runId(target, column, method, null),
        gallery: id,
        tile: { row, column, seed: 0 },
        createdAt,
        network: {
          id: network,
          name: "ResNet-18 (half width), Caltech-101",
          hash: "0".repeat(64),
          licence: "Apache-2.0",
          identity: null,
          assumptions: null,
          output: null,
        },
        head: "softmax",
        seed: settings.seed,
        batch: settings.batch,
        tail: null,
        target,
        label,
        method,
        forwardSlope: slopes.forward,
        backwardSlope: slopes.backward,
        settings,
        shape: [edge, edge, 3],
        state: "done",
        step: 6,
        score: scoreAt(row, column, 6),
        trace: [0, 1, 2, 3, 4, 5, 6].map((k) => scoreAt(row, column, k)),
        kept: [...kept],
        top1: true,
        probability: 0.9,
        top5: [{ index, label, logit: 10, probability: 0.9 }],
        gradientNorm: 0.5,
        imageStd: 0.35,
        backend: "tensorflow",
        versions: {},
        elapsedMs: 100,
      };
    }),
  );
  for (const run of runs) {
    const part = await PartFolder.create(folder, run.id);
    const steps = kept.map(
      (step) => toPicture(run.shape, picture({ ...run.tile, step })).values,
    );
    await part.write(
      runFiles.steps,
      Buffer.concat(steps.map((values) => new Uint8Array(values.buffer))),
    );
    await finishRun(part, run, picture({ ...run.tile, step: 6 }));
  }
  await library.end(id);
  return runs;
}

async function labels(): Promise<string[]> {
  const file = join(appFolder, "resources/networks", network, "labels.json");
  const list: unknown = JSON.parse(await readFile(file, "utf8"));
  if (!Array.isArray(list)) throw new Error(`${file} holds no list.`);
  return list.map((one: unknown) =>
    typeof one === "object" && one !== null && "label" in one
      ? String(one.label)
      : String(one),
  );
}

/** The tiles of the gallery that Compare shows, once their pictures are there. */
export async function tilesOf(page: Page): Promise<Locator> {
  const cells = page.getByRole("gridcell");
  await expect(cells.last().locator("canvas")).toBeVisible({ timeout: 30_000 });
  return cells;
}

export type Colour = readonly [number, number, number];

/** The colour of a canvas at a point in its own pixels. */
export async function colourAt(
  canvas: Locator,
  point: { x: number; y: number },
): Promise<Colour> {
  return canvas.evaluate((element, { x, y }) => {
    const [r = -1, g = -1, b = -1] =
      (element as HTMLCanvasElement)
        .getContext("2d")
        ?.getImageData(Math.floor(x), Math.floor(y), 1, 1).data ?? [];
    return [r, g, b] as const;
  }, point);
}

/** What the raw contrast rule makes of a pixel. */
export function rawColour(
  pixel: { x: number; y: number },
  tile: { row: number; column: number; step: number },
): number[] {
  return [0, 1, 2].map((channel) => {
    const x = valueAt({ ...pixel, channel }, tile);
    const stored = Math.round(x * pictureScale) / pictureScale;
    return Math.round((stored + 1) * 127.5);
  });
}

/** What axe finds wrong with the page, in words; nothing is expected. */
export async function axeFindings(page: Page): Promise<string[]> {
  // Electron has no second page for the results to come together in.
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode(true)
    .analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")}`),
  );
}
