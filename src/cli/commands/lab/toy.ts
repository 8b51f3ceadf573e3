import { toyNames, toyRuns, type SlopePair } from "../../../shared/lab/toy";
import { readChoice, readNumber } from "../../arguments";
import type { Values } from "../../command";
import { labCommand } from "./front";
import { readNumbers } from "./numbers";

export const toy = labCommand({
  name: "toy",
  experiment: "toy",
  synopsis:
    "T1|T2|T3|T4 [--forward 0] [--backward 0.2] [--steps 3000] [--seed 1]",
  summary:
    "An image whose best version is all white, climbed from noise: shares of white, black and stuck pixels.",
  positionals: { min: 1, max: 1 },
  flags: {
    forward: {
      value: "0",
      help: "forward slope; without both slopes, the runs of the page",
    },
    backward: {
      value: "0.2",
      help: "backward slope; without it the forward one",
    },
    sweep: { value: "P,...", help: "backward slopes to try one after another" },
    steps: { value: "3000", help: "updates" },
    step: {
      value: "MU",
      help: "factor on the gradient; T1, T2: 0.01, T3: 0.02, T4: 0.01 / sum of the kernel",
    },
    lambda: { value: "0.5", help: "T3: the second weight is -lambda" },
    kernel: {
      value: "W,...",
      help: "T4: weights row by row, 9, 25, ... of them",
    },
    size: { value: "32", help: "pixels along a side" },
    start: { value: "0.3", help: "standard deviation of the start" },
    seed: { value: "1", help: "seed of the start" },
  },
  settings(values, [name = ""]) {
    const toy = readChoice("The toy", name, toyNames);
    const number = (flag: string, min: number, max: number, whole = false) =>
      readNumber(`--${flag}`, values.one(flag), { min, max, whole }, undefined);
    const sweep = values.has("sweep")
      ? readNumbers("--sweep", values.one("sweep"), { min: 0, max: 1 })
      : [];
    return defined({
      toy,
      runs: readRuns(values, sweep.length > 0 ? [] : toyRuns[toy]),
      sweep,
      film: false,
      sweepForward: number("forward", 0, 1),
      lambda: number("lambda", 0, 100),
      kernel: values.has("kernel")
        ? readNumbers("--kernel", values.one("kernel")?.replaceAll(";", ","), {
            min: -1e6,
            max: 1e6,
          })
        : undefined,
      step: readNumber(
        "--step",
        values.one("step"),
        { min: 0, above: true, max: 1e6 },
        undefined,
      ),
      steps: number("steps", 1, 100_000, true),
      size: number("size", 2, 128, true),
      start: number("start", 0, 10),
      seed: number("seed", 0, 0xffffffff, true),
    });
  },
  lines: (rows) =>
    rows.map(
      ({
        toy,
        forward,
        backward,
        white,
        black,
        stuck,
        threshold,
        value,
        optimum,
      }) => ({
        ...{ toy, forward, backward },
        ...{ white, black, stuck, threshold, value, optimum },
      }),
    ),
  table: (rows, { threshold }) => [
    `p* = ${threshold}`,
    "forward  backward  white %  black %  stuck %  value     of",
    ...rows.map(({ forward, backward, white, black, stuck, value, optimum }) =>
      [
        String(forward).padEnd(7),
        String(backward).padEnd(8),
        ...[white, black, stuck].map((share) =>
          (100 * share).toFixed(1).padStart(7),
        ),
        value.toFixed(4).padStart(8),
        String(optimum),
      ].join("  "),
    ),
  ],
});

/** The one run that was said, or those of the page. ProxyGrad works on the ReLU network unless it is said otherwise. */
function readRuns(values: Values, others: readonly SlopePair[]): SlopePair[] {
  const slope = (flag: string, fallback: number) =>
    readNumber(`--${flag}`, values.one(flag), { min: 0, max: 1 }, fallback);
  if (
    !values.has("backward") &&
    (!values.has("forward") || others.length === 0)
  )
    return [...others];
  const forward = slope("forward", 0);
  return [{ forward, backward: slope("backward", forward) }];
}

/** Leaves out what was not said. */
function defined<T extends object>(settings: T) {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
    // the same keys with the same values
  ) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
