import { limits } from "../../../shared/domain";
import {
  quickSweep,
  sweepMethodSchema,
  sweepRule,
  type SweepBest,
  type SweepCell,
  type SweepSettings,
} from "../../../shared/lab/sweep";
import { nameRowTarget } from "../../../shared/lab/targets";
import { titleMethod } from "../../../shared/method";
import { readChoice, readNumber, splitList } from "../../arguments";
import type { Flag, Values } from "../../command";
import {
  climbFlags,
  readOwnClimb,
  readPrecision,
  saysRegularization,
} from "../../climb-flags";
import { usage } from "../../exit";
import { readLabTargets, targetsHelp } from "../../targets";
import { labCommand } from "./front";
import { readNumbers } from "./numbers";

const flags: Readonly<Record<string, Flag>> = {
  methods: { value: "M,...", help: "relu, proxygrad, leaky" },
  slopes: {
    value: "S,...",
    help: "slopes, each under ProxyGrad and Leaky ReLU",
  },
  targets: {
    value: "T,...",
    help: `${targetsHelp}; without it the paper's eight, else eight others`,
  },
  steps: { value: "10,...", help: "score after so many updates" },
  seeds: {
    value: "3",
    help: "how many start images, or with commas which: 4,7,",
  },
  regularize: {
    value: "off",
    help: "off, on or both: blur and rotate between steps as the network's card says, else weakly; --blur or --rotate mean on",
  },
  ...climbFlags,
  quick: { help: "the short sweep that finds the best slope" },
};

export const sweep = labCommand({
  name: "sweep",
  experiment: "sweep",
  synopsis:
    "NETWORK [--methods relu,proxygrad,leaky] [--slopes 0.05,0.1] [--targets T,...] [--steps 10] [--seeds 3] [--quick]",
  summary:
    "The original network's score after a few steps over methods and slopes: where ProxyGrad climbs fastest.",
  positionals: { min: 1, max: 1 },
  flags,
  settings: async (values, _positionals, network) => ({
    ...(values.has("quick") && quickSweep),
    ...(values.has("methods") && {
      methods: splitList("--methods", values.one("methods") ?? "").map((name) =>
        readChoice("--methods", name, sweepMethodSchema.options),
      ),
    }),
    ...(values.has("slopes") && {
      slopes: readNumbers("--slopes", values.one("slopes"), { min: 0, max: 1 }),
    }),
    ...(values.has("targets") && {
      targets: await readLabTargets(values, network),
    }),
    ...(values.has("steps") && {
      steps: readNumbers("--steps", values.one("steps"), {
        min: 1,
        max: limits.steps,
        whole: true,
      }),
    }),
    ...(values.has("seeds") && { seeds: readSeeds(values.one("seeds") ?? "") }),
    regularize: readModes(values),
    ...readOwnClimb(values, network),
    precision: readPrecision(values, "float32"),
  }),
  lines: (_rows, { cells, best, targets }) => {
    const labels = new Map(
      targets.map(({ index: target, minimise, label }) => [
        nameRowTarget({ target, minimise }),
        label,
      ]),
    );
    return [
      ...cells
        .filter(({ scores }) => scores.length > 0)
        .map(({ scores, ...cell }) => ({
          ...cell,
          scores: scores.map(({ target, ...score }) => ({
            target,
            label: labels.get(nameRowTarget({ target, ...score })),
            ...score,
          })),
        })),
      ...best.map((one) => ({ best: one })),
    ];
  },
  table: (_rows, { cells, best, regularization }) => [
    "method           slope  score     spread    / ReLU",
    ...cells.filter(({ n }) => n > 0).map(describe),
    sweepRule(
      {
        steps: cells.map(({ steps }) => steps),
        regularize: cells.map(({ regularized }) =>
          regularized ? "on" : "off",
        ),
      },
      regularization,
    ),
    ...best.map(
      (one) =>
        `Best after ${spellCurve(one)}: ${titleOf(one)}, ${one.score.toFixed(2)}${
          one.ratio === null ? "" : `, ${one.ratio.toFixed(2)} of ReLU's`
        }`,
    ),
  ],
});

/** A number is how many, from 1 on; a list is which. */
function readSeeds(text: string): number[] {
  const range = { min: 0, max: 0xffffffff, whole: true };
  if (text.includes(","))
    return readNumbers("--seeds", text.replace(/,\s*$/, ""), range);
  const count = readNumber(
    "--seeds",
    text,
    { min: 1, max: 100, whole: true },
    NaN,
  );
  return Array.from({ length: count }, (_, i) => i + 1);
}

function readModes(values: Values): SweepSettings["regularize"] {
  const said = saysRegularization(values);
  const mode = values.one("regularize");
  if (said && mode === "off")
    throw usage("--regularize off and a --blur or --rotate contradict.");
  const choice = readChoice("--regularize", mode ?? (said ? "on" : "off"), [
    "off",
    "on",
    "both",
  ] as const);
  return choice === "both" ? ["off", "on"] : [choice];
}

function describe(cell: SweepCell): string {
  const number = (value: number | null, digits = 2) =>
    (value === null ? "" : value.toFixed(digits)).padEnd(8);
  const { method, slope, mean, spread, ratio, silent, failed, n, of } = cell;
  return [
    method.padEnd(15),
    String(slope).padEnd(5),
    number(mean),
    number(spread),
    number(ratio),
    [
      spellCurve(cell),
      ...(n + failed < of ? [`${n + failed} of ${of}`] : []),
      ...(silent > 0 ? [`${silent} without a gradient`] : []),
      ...(failed > 0 ? [`${failed} not finite`] : []),
    ].join(", "),
  ]
    .join("  ")
    .trimEnd();
}

function spellCurve({
  steps,
  regularized,
}: Pick<SweepBest, "steps" | "regularized">): string {
  return `${steps} steps${regularized ? ", regularized" : ""}`;
}

function titleOf({ method, slope }: SweepBest): string {
  return titleMethod(
    method === "relu" ? { kind: method } : { kind: method, slope },
  );
}
