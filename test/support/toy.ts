/** A network without operations and an ascent without a gradient, for tests of what is around them. */
import {
  answerNetwork,
  type ascend,
  type Network,
  type TileUpdate,
} from "../../src/engine";
import type { Backend } from "../../src/main/host/backend";
import type { OpenedNetwork } from "../../src/main/host/networks";
import { describeNetwork } from "../../src/main/host/summary";

export const toyNetwork: Network = {
  name: "Toy",
  input: [2, 2, 1],
  nodes: [],
  output: "logits",
  shapes: new Map([
    ["input", [2, 2, 1]],
    ["logits", [10]],
  ]),
  labels: Array.from({ length: 10 }, (_, i) => `label ${i}`),
  preprocessing: null,
  maximises: "class logit",
  told: { fixedSize: null, preprocessing: null },
  provenance: {
    format: "a toy",
    hash: "0".repeat(64),
    producer: "",
    stripped: [],
    warnings: [],
  },
};

export const toyOpened: OpenedNetwork = {
  id: "toy",
  network: toyNetwork,
  info: describeNetwork({
    id: "toy",
    bundled: true,
    network: toyNetwork,
    card: null,
    report: answerNetwork({ network: toyNetwork, card: null, labels: null })
      .report,
    memory: 1e9,
  }),
};

export const toyBackend: Backend = {
  runtime: null,
  status: {
    backend: "cpu",
    title: "a fake",
    device: "CPU",
    reason: null,
    precisions: ["float32"],
    threads: 1,
    versions: { fake: "1" },
  },
};

/** The image of a tile after so many steps: its four values tell target, column and step. */
export function toyImage(target: number, column: number, step: number) {
  return Float32Array.from([target / 10, column / 10, step / 1000, -1]);
}

export interface ToyOptions {
  /** What befalls a tile at a step instead of going on. */
  readonly fate?: (
    target: number,
    column: number,
    step: number,
  ) => "silent" | "failed" | null;
  /** Runs before a step is yielded. */
  readonly before?: (step: number) => void | Promise<void>;
}

/** Behaves as the engine's does; the score is target + step. */
export function toyAscend({
  fate = () => null,
  before,
}: ToyOptions = {}): typeof ascend {
  return async function* (request, { signal }) {
    const running = new Set<string>();
    request.targets.forEach((_, row) => {
      request.methods.forEach((_, column) => running.add(`${row} ${column}`));
    });
    for (let step = 0; running.size > 0; step++) {
      await before?.(step);
      const updates: TileUpdate[] = [];
      for (const [row, target] of request.targets.entries())
        for (const column of request.methods.keys()) {
          if (!running.has(`${row} ${column}`)) continue;
          const own = fate(target.index, column, step);
          const state =
            own ??
            (step === request.settings.steps
              ? "done"
              : signal.aborted
                ? "cancelled"
                : "running");
          if (state !== "running") running.delete(`${row} ${column}`);
          const score = state === "failed" ? NaN : target.index + step;
          updates.push({
            row,
            column,
            step,
            score,
            gradientNorm:
              state === "running" ? 1 + step : state === "silent" ? 0 : null,
            state,
            fault: null,
            logits: () =>
              Float32Array.from({ length: 10 }, (_, i) =>
                i === target.index ? score : 0,
              ),
            image: () => toyImage(target.index, column, step),
          });
        }
      yield updates;
    }
  };
}
