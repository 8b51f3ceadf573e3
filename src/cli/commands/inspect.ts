import { valuesInUse } from "../../shared/assumptions";
import { summaryOf } from "../../main/host/summary";
import type { NetworkSummary } from "../../shared/domain";
import { inUnit, type PixelUnit } from "../../shared/pixel-units";
import { unitWords } from "../../shared/head";
import type { NetworkRecipe } from "../../shared/recipe";
import { presetOf } from "../../shared/presets";
import { answerFlags } from "../answers";
import type { Command } from "../command";
import { examineTheNetwork, openTheNetwork } from "../engine";
import { exitCodes } from "../exit";
import { knownRecipe, recipeObject, spellSource } from "../recipe";

export const inspect: Command = {
  name: "inspect",
  synopsis: "NETWORK",
  summary: "Tell what a network is: input, preprocessing, classes, operations.",
  positionals: { min: 1, max: 1 },
  flags: answerFlags,
  async run([name = ""], values, context) {
    const opened = await openTheNetwork(name, values, context);
    const found = await examineTheNetwork(opened, context);
    const summary = summaryOf(opened.info);
    summary.warnings.push(...found);
    const { assumptions, outputs } = summary.report;
    // for scripts: the values in use, without the report around them
    // known from an earlier run, or what a run would measure first
    const recipe = await knownRecipe(opened, context);
    context.emit({
      ...summary,
      recipe: recipeObject(recipe),
      assumptions: valuesInUse(assumptions),
      output: outputs[0]?.name ?? null,
    });
    for (const line of describe(summary, recipe)) context.print(line);
    return exitCodes.done;
  },
};

function describe(network: NetworkSummary, recipe: NetworkRecipe): string[] {
  const { input, operations, defaults, report } = network;
  const { regularization } = defaults;
  const { from, fixedSize } = report;
  const rows: [string, string][] = [
    ["id", network.id],
    ["format", network.format],
    ["producer", report.producer],
    ["hash", network.hash],
    [
      "input",
      `${input.height} x ${input.width} x ${input.channels} (${fixedSize ? words[from.size] : `the file fixes no size: ${words[from.size]}`})`,
    ],
    [
      "preprocessing",
      `${spellPreprocessing(network)} (${words[from.preprocessing]})`,
    ],
    [
      unitWords(network.head)[1],
      `${network.classes}, names: ${spellNames(report)}`,
    ],
    ["output", spellOutputs(report)],
    ["head", `${headWords[network.head]} (${headFromWords[report.headFrom]})`],
    ["maximises", network.maximises],
    ["parameters", network.parameters.toLocaleString("en")],
    ["layers", String(report.layers)],
    [
      "operations",
      Object.entries(operations)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(", "),
    ],
    [
      "rectifiers",
      `${network.rectifiers} of ${network.activations} activations${network.rectifiers === 0 ? ": ProxyGrad and Leaky have no effect" : ""}`,
    ],
    ["taken off", report.stripped.join(", ")],
    [
      "defaults",
      `${defaults.steps} steps of ${defaults.stepSize}, start noise ${defaults.startNoise}, blur ${regularization.blur}, rotation ${regularization.rotate}, backward slope ${defaults.backwardSlope}`,
    ],
    ["recipe", spellSource(recipe)],
    ["read beside", report.sources.join(", ")],
    ["source", network.source],
    ["licence", network.licence],
    ["offered", spellOffer(report, input.channels)],
  ];
  return [
    network.name,
    ...rows
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `  ${name.padEnd(13)}  ${value}`),
    ...spellAssumptions(report),
  ];
}

const headWords = {
  softmax: "softmax: logits of classes that exclude each other",
  sigmoid: "sigmoid: each unit has a probability of its own",
  value: "value: plain numbers, no probabilities",
  map: "map: the mean of a map, no probabilities",
} as const;

const headFromWords = {
  file: "from the file",
  answer: "as answered",
  assumed: "assumed; --head changes it",
} as const;

/** What was answered for another network of the same architecture, as the flags that would take it over. */
function spellOffer(
  { offer }: NetworkSummary["report"],
  channels: number,
): string {
  if (!offer) return "";
  const { answers, guessed } = offer;
  const { size, preprocessing, labels, assumptions, output, head } = answers;
  const has = (part: (typeof guessed)[number]) => !guessed.includes(part);
  const preset = presetOf(preprocessing, channels);
  const flags = [
    ...(has("size") && size ? [`--size ${size.join("x")}`] : []),
    ...(has("preprocessing")
      ? [
          `--preprocess ${preset ?? `'${JSON.stringify({ ...preprocessing, unit: "0..255" })}'`}`,
        ]
      : []),
    ...(has("labels")
      ? [
          labels.kind === "list"
            ? `--labels FILE (its ${labels.labels.length} names)`
            : `--labels ${labels.kind}`,
        ]
      : []),
    ...Object.entries(assumptions).map(
      ([key, value]) => `--assume ${key}=${value}`,
    ),
    ...(output === null ? [] : [`--output '${output}'`]),
    ...(head === null ? [] : [`--head ${head}`]),
  ];
  return `"${offer.network}" has the same architecture and was answered with ${flags.join(" ")}`;
}

/** The output in use, and the others. */
function spellOutputs({ outputs }: NetworkSummary["report"]): string {
  const most = 12;
  const [used, ...others] = outputs.map(
    ({ name, shape }) => `"${name}" [${shape.join(", ")}]`,
  );
  if (used === undefined || others.length === 0) return "";
  const more = others.length > most ? ", ..." : "";
  return `${used}; others: ${others.slice(0, most).join(", ")}${more} (--output NAME changes it)`;
}

const assumptionFrom = {
  assumed: "assumed",
  evidence: "assumed, on evidence",
  file: "from the file",
  answer: "as answered",
} as const;

/** A block of its own: value and origin, the reason, what else can be given. */
function spellAssumptions({ assumptions }: NetworkSummary["report"]): string[] {
  if (assumptions.length === 0) return [];
  const width = Math.max(...assumptions.map(({ key }) => key.length));
  const indent = " ".repeat(width + 6);
  return [
    "",
    "What the file does not say (--assume KEY=VALUE changes it)",
    ...assumptions.flatMap(({ key, value, from, because, choices }) => [
      `  ${key.padEnd(width)}  = ${value} (${assumptionFrom[from]})`,
      ...(because === "" ? [] : [`${indent}${because}`]),
      ...(choices.length === 0
        ? []
        : [`${indent}or: ${choices.filter((c) => c !== value).join(", ")}`]),
    ]),
  ];
}

const words = {
  file: "from the file",
  answer: "as answered",
  guess: "guessed",
} as const;

function spellPreprocessing({ preprocessing, input }: NetworkSummary): string {
  if (!preprocessing) return "none: the image goes in as it is, in [-1, 1]";
  const { order } = preprocessing;
  const preset = presetOf(preprocessing, input.channels);
  const spell = (unit: PixelUnit) => {
    const { mean, std } = inUnit(preprocessing, unit);
    return `(p - [${round(mean)}]) / [${round(std)}] of p in ${unit}`;
  };
  return `${preset ? `${preset}: ` : ""}${input.channels === 3 ? `${order}, ` : ""}${spell("0..1")}; ${spell("0..255")}`;
}

function round(values: readonly number[]): string {
  return values.map((value) => Number(value.toPrecision(6))).join(", ");
}

function spellNames({ answers, from }: NetworkSummary["report"]): string {
  const { kind } = answers.labels;
  if (kind === "none") return "none";
  return `${kind === "imagenet" ? "ImageNet's" : "a list"} (${words[from.labels]})`;
}
