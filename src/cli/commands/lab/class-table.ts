import { limits } from "../../../shared/domain";
import {
  classScore,
  compareClassRows,
  isOlder,
} from "../../../shared/lab/class-scores";
import type {
  ClassRow,
  ClassTableSummary,
} from "../../../shared/lab/class-table";
import { nameRowTarget } from "../../../shared/lab/targets";
import type { ScoreDifference } from "../../../shared/scores";
import { titleMethod } from "../../../shared/method";
import { readNumber } from "../../arguments";
import { climbFlags, readOwnClimb, readPrecision } from "../../climb-flags";
import { writeClassPictures } from "./class-pictures";
import { readLabTargets, targetsHelp } from "../../targets";
import { labCommand } from "./front";

export const classTable = labCommand({
  name: "class-table",
  experiment: "class-table",
  synopsis:
    "NETWORK [--targets T,...] [--steps 2500] [--leaky 0.1] [--proxygrad 0.1] [--seed 1] [--out DIR]",
  summary:
    "Score of each target after a long ascent under ReLU, Leaky ReLU and ProxyGrad; goes on where it was stopped.",
  positionals: { min: 1, max: 1 },
  flags: {
    targets: {
      value: "T,...",
      help: `${targetsHelp}; without it the paper's eight, else eight others`,
    },
    steps: { value: "2500", help: "updates of each image" },
    leaky: { value: "0.1", help: "slope of the Leaky ReLU network" },
    proxygrad: { value: "0.1", help: "ProxyGrad's backward slope" },
    seed: {
      value: "1",
      help: "decides the start and the random transforms",
    },
    ...climbFlags,
    out: {
      value: "DIR",
      help: "the pictures, as PNG (contrast +-3 sigma) and as .npy",
    },
  },
  settings: async (values, _positionals, network) => {
    const number = (
      name: string,
      range: Parameters<typeof readNumber>[2],
      fallback: number,
    ) => readNumber(`--${name}`, values.one(name), range, fallback);
    const slope = { min: 0, max: 1 };
    return {
      targets: values.has("targets")
        ? await readLabTargets(values, network)
        : null,
      steps: number("steps", { min: 1, max: limits.steps, whole: true }, 2500),
      leaky: number("leaky", slope, 0.1),
      proxygrad: number("proxygrad", slope, 0.1),
      seed: number("seed", { min: 0, max: 0xffffffff, whole: true }, 1),
      ...readOwnClimb(values, network),
      precision: readPrecision(values, null),
    };
  },
  lines: (rows, { classes, undecided, methods }) => {
    const each = (
      name: "mean" | "std" | "ratio" | "wins" | "above" | "below",
    ) => Object.fromEntries(methods.map((one) => [one.method, one[name]]));
    return [
      ...rows.map((row) => ({
        ...row,
        difference: differenceToRelu(row, rows),
      })),
      {
        mean: each("mean"),
        std: each("std"),
        ratio: each("ratio"),
        wins: each("wins"),
        above: each("above"),
        below: each("below"),
        undecided,
        classes,
      },
    ];
  },
  table: (rows, summary) => [
    [
      "method".padEnd(15),
      "score".padEnd(scoreWidth),
      "- ReLU".padEnd(differenceWidth),
      ...(hasTop1(rows) ? ["top-1"] : []),
      "target",
    ].join("  "),
    ...rows.map((row) => describe(row, rows)),
    ...rules(rows),
    ...(summary.classes > 0 ? conclude(summary) : []),
    ...(rows.some(({ state }) => state === "running")
      ? ["Stopped; the same command goes on from there."]
      : []),
  ],
  finish: writeClassPictures,
});

const scoreWidth = 14;
const differenceWidth = 16;

/** Whether the network's classes exclude each other; a minimised one has no top-1 of its own. */
function hasTop1(rows: readonly ClassRow[]): boolean {
  return rows.some(({ top1 }) => top1 !== null);
}

/** At the last step that both have; null for ReLU itself, and without its row. */
function differenceToRelu(
  row: ClassRow,
  rows: readonly ClassRow[],
): ScoreDifference | null {
  const base = rows.find(
    (one) => one.method === "relu" && nameRowTarget(one) === nameRowTarget(row),
  );
  return base && base !== row ? compareClassRows(row, base) : null;
}

function describe(row: ClassRow, rows: readonly ClassRow[]): string {
  const { label, target, state, step, top1 } = row;
  const { value, std } = classScore(row);
  const difference = differenceToRelu(row, rows);
  return [
    titleOf(row).padEnd(15),
    spread(value, std).padEnd(scoreWidth),
    (difference ? spellDifference(difference) : "").padEnd(differenceWidth),
    ...(hasTop1(rows)
      ? [(top1 === null ? "-" : top1 ? "yes" : "no").padEnd(5)]
      : []),
    `${target} ${label}`,
    ...(state === "done"
      ? []
      : [`${state === "silent" ? "silent" : "stopped"} at step ${step}`]),
  ].join("  ");
}

/** "24.50 ± 0.61" */
function spread(value: number, std: number | null): string {
  return std === null
    ? value.toFixed(2)
    : `${value.toFixed(2)} ± ${std.toFixed(2)}`;
}

function spellDifference({ value, std, unclear }: ScoreDifference): string {
  const text = `${value > 0 ? "+" : ""}${spread(value, std)}`;
  return unclear ? `(${text})` : text;
}

/** What the numbers are. */
function rules(rows: readonly ClassRow[]): string[] {
  const means = rows.some(({ tail }) => tail !== null);
  return [
    ...(means
      ? [
          "Score: mean ± standard deviation over the last tenth of the steps. A difference in brackets is within its uncertainty.",
        ]
      : [
          "Score: that of the last step alone; no best is told without a spread.",
        ]),
    ...(rows.some(isOlder)
      ? [
          "Some rows are of an earlier version and have the score of their last step alone; --fresh computes them again.",
        ]
      : []),
  ];
}

function conclude({
  classes,
  undecided,
  methods,
}: ClassTableSummary): string[] {
  return [
    `Mean over ${classes} ${classes === 1 ? "target" : "targets"}:`,
    ...methods.map((one) =>
      [
        titleOf(one).padEnd(15),
        spread(one.mean ?? NaN, one.std).padEnd(scoreWidth),
        `clearly best of ${one.wins}`,
        ...(one.method === "relu"
          ? []
          : [`clearly above ReLU in ${one.above}, below in ${one.below}`]),
        ...(one.ratio === null ? [] : [`${one.ratio.toFixed(3)} of ReLU's`]),
      ].join("  "),
    ),
    ...(undecided > 0 ? [`No method is clearly best of ${undecided}.`] : []),
  ];
}

function titleOf({ method, slope }: Pick<ClassRow, "method" | "slope">) {
  return titleMethod(
    method === "relu" ? { kind: method } : { kind: method, slope },
  );
}
