/** What is told of a network: counts, provenance and the defaults of its runs. */
import {
  batchThatFits,
  classCount,
  headOfNetwork,
  type Network,
  type NetworkCard,
} from "../../engine";
import {
  ascentSettingsSchema,
  slopeSchema,
  type Head,
  type ImportReport,
  type NetworkInfo,
  type NetworkSummary,
} from "../../shared/domain";
import { unitWords } from "../../shared/head";
import { identityOf } from "./identity";

export interface Described {
  readonly id: string;
  readonly bundled: boolean;
  readonly network: Network;
  readonly card: NetworkCard | null;
  readonly report: ImportReport;
  /** Bytes the activations of one call may take. */
  readonly memory: number;
}

const fallback = {
  steps: 500,
  stepSize: 5,
  startNoise: 0.1,
  seed: 1,
  blur: 0,
  rotate: 0,
  rotateProbability: 0.3,
  backwardSlope: 0.1,
} as const;
const mostImages = 8;

export function describeNetwork({
  id,
  bundled,
  network,
  card,
  report,
  memory,
}: Described): NetworkInfo {
  const [height, width, channels] = network.input;
  const { nodes, provenance } = network;
  const operations: Record<string, number> = {};
  let parameters = 0;
  for (const { op, weights } of nodes) {
    operations[op.kind] = (operations[op.kind] ?? 0) + 1;
    for (const weight of Object.values(weights))
      parameters += weight.data.length;
  }
  const head = headOfNetwork(network);
  const { defaults, warnings } = defaultsOf(network, card, memory);
  return {
    id,
    name: network.name,
    format: provenance.format,
    hash: provenance.hash,
    identity: identityOf(network, head, report),
    bundled,
    input: { height, width, channels },
    preprocessing: network.preprocessing,
    classes: classCount(network),
    head,
    parameters,
    operations,
    rectifiers: nodes.filter(({ op }) => op.rectifier).length,
    activations: nodes.filter(({ op }) => op.activation ?? op.rectifier).length,
    maximises: network.maximises,
    warnings: [...provenance.warnings, ...warnings],
    source: card?.source ?? card?.made ?? provenance.producer,
    licence: card?.licence ?? "",
    report,
    defaults,
    defaultsFrom: decides(card) ? "card" : "app",
    labels: labelsOf(network, head),
  };
}

/** Whether a card says how images climb; steps and start alone leave the rest to be measured. */
function decides(card: NetworkCard | null): boolean {
  const { stepSize, blur, rotate } = card?.ascent ?? {};
  return [stepSize, blur, rotate].some((value) => value !== undefined);
}

/** The summary without the labels. */
export function summaryOf({ labels, ...summary }: NetworkInfo): NetworkSummary {
  void labels;
  return summary;
}

/** One label for each output value, also where the network has too few. */
function labelsOf(network: Network, head: Head): string[] {
  const [one] = unitWords(head);
  return Array.from(
    { length: classCount(network) },
    (_, index) => network.labels[index] ?? `${one} ${index}`,
  );
}

/** The card's defaults for the ascent completed with the app's; what a card has out of range is named and left. */
function defaultsOf(
  network: Network,
  card: NetworkCard | null,
  memory: number,
) {
  const warnings: string[] = [];
  const ranges = {
    ...ascentSettingsSchema.shape,
    ...ascentSettingsSchema.shape.regularization.shape,
    backwardSlope: slopeSchema,
  };
  const given: Readonly<Record<string, unknown>> = card?.ascent ?? {};
  const value = (name: keyof typeof fallback): number => {
    if (given[name] === undefined) return fallback[name];
    const parsed = ranges[name].safeParse(given[name]);
    if (parsed.success) return parsed.data;
    warnings.push(
      `The card's ${name} of ${JSON.stringify(given[name])} is out of range; ${fallback[name]} is used.`,
    );
    return fallback[name];
  };
  const defaults: NetworkSummary["defaults"] = {
    steps: value("steps"),
    stepSize: value("stepSize"),
    startNoise: value("startNoise"),
    seed: value("seed"),
    regularization: {
      blur: value("blur"),
      rotate: value("rotate"),
      rotateProbability: value("rotateProbability"),
    },
    batch: batchThatFits(network, memory, mostImages),
    precision: "float32",
    keep: 0,
    backwardSlope: value("backwardSlope"),
  };
  return { defaults, warnings };
}
