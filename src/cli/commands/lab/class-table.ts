import { limits } from "../../../shared/domain";
import type {
  ClassRow,
  ClassTableSummary,
} from "../../../shared/lab/class-table";
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
  lines: (rows, { classes, methods }) => {
    const each = (name: "mean" | "wins" | "ratio") =>
      Object.fromEntries(methods.map((one) => [one.method, one[name]]));
    return [
      ...rows,
      {
        mean: each("mean"),
        wins: each("wins"),
        ratio: each("ratio"),
        classes,
      },
    ];
  },
  table: (rows, summary) => [
    hasTop1(rows)
      ? "method           score     top-1  target"
      : "method           score     target",
    ...rows.map((row) => describe(row, hasTop1(rows))),
    ...(summary.classes > 0 ? conclude(summary) : []),
    ...(rows.some(({ state }) => state === "running")
      ? ["Stopped; the same command goes on from there."]
      : []),
  ],
  finish: writeClassPictures,
});

/** Whether the network's classes exclude each other; a minimised one has no top-1 of its own. */
function hasTop1(rows: readonly ClassRow[]): boolean {
  return rows.some(({ top1 }) => top1 !== null);
}

function describe(row: ClassRow, withTop1: boolean): string {
  const { label, target, score, state, step, top1 } = row;
  return [
    titleOf(row).padEnd(15),
    score.toFixed(2).padEnd(8),
    ...(withTop1
      ? [(top1 === null ? "-" : top1 ? "yes" : "no").padEnd(5)]
      : []),
    `${target} ${label}`,
    ...(state === "done"
      ? []
      : [`${state === "silent" ? "silent" : "stopped"} at step ${step}`]),
  ].join("  ");
}

function conclude({ classes, methods }: ClassTableSummary): string[] {
  return [
    `Mean over ${classes} ${classes === 1 ? "target" : "targets"}:`,
    ...methods.map((one) =>
      [
        titleOf(one).padEnd(15),
        (one.mean ?? NaN).toFixed(2).padEnd(8),
        `best of ${one.wins}`,
        ...(one.ratio === null ? [] : [`${one.ratio.toFixed(3)} of ReLU's`]),
      ].join("  "),
    ),
  ];
}

function titleOf({ method, slope }: Pick<ClassRow, "method" | "slope">) {
  return titleMethod(
    method === "relu" ? { kind: method } : { kind: method, slope },
  );
}
