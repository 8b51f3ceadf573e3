import type { GalleryRecord, RunRecord } from "../../src/shared/domain";

/** A small valid gallery record; `changes` replace parts of it. */
export function galleryRecord(
  changes: Partial<GalleryRecord> = {},
): GalleryRecord {
  return {
    format: "proxima-gallery",
    version: 3,
    id: "first",
    createdAt: "2026-01-01T00:00:00.000Z",
    request: {
      targets: [
        { kind: "logit", index: 3 },
        { kind: "logit", index: 7 },
      ],
      columns: [
        { network: "toy", method: { kind: "relu" } },
        { network: "toy", method: { kind: "proxygrad", slope: 0.1 } },
      ],
      settings: {
        steps: 10,
        stepSize: 5,
        startNoise: 0.1,
        seed: 1,
        regularization: { blur: 0, rotate: 0, rotateProbability: 0.3 },
        batch: 2,
        precision: "float32",
        keep: 5,
      },
      seeds: 1,
      padBatch: true,
    },
    networks: null,
    labels: ["ant", "bee"],
    shard: null,
    ...changes,
  };
}

/** A record of a finished run of that gallery. */
export function runRecord(changes: Partial<RunRecord> = {}): RunRecord {
  const gallery = galleryRecord();
  return {
    format: "proxima-run",
    version: 2,
    id: "3-1-relu",
    gallery: gallery.id,
    tile: { row: 0, column: 0, seed: 0 },
    createdAt: gallery.createdAt,
    network: {
      id: "toy",
      name: "Toy",
      hash: "0".repeat(64),
      licence: "",
      identity: null,
      assumptions: null,
      output: null,
    },
    head: "softmax",
    seed: 1,
    batch: 2,
    tail: null,
    target: { kind: "logit", index: 3 },
    label: "ant",
    method: { kind: "relu" },
    forwardSlope: 0,
    backwardSlope: 0,
    settings: gallery.request.settings,
    shape: [2, 2, 1],
    state: "done",
    step: 10,
    score: 2.5,
    trace: [0, 1, 2.5],
    kept: [5, 10],
    top1: true,
    probability: 0.75,
    top5: [{ index: 3, label: "ant", logit: 2.5, probability: 0.75 }],
    gradientNorm: 0.5,
    imageStd: 0.1,
    backend: "a fake",
    versions: {},
    elapsedMs: 12,
    ...changes,
  };
}
