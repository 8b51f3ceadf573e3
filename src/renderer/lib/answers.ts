/** The answers about a network as words. */
import type {
  Answers,
  ClassNames,
  ImportReport,
  NetworkInfo,
  NetworkSummary,
  Preprocessing,
  Preset,
  RunRecord,
} from "../../shared/domain";
import { valuesInUse } from "../../shared/assumptions";
import { isSame, presetOf } from "../../shared/presets";
import { formatNumber, formatWhole } from "./format";
import { unitCount } from "./words";

export type Origin = ImportReport["from"][keyof ImportReport["from"]];

export const presetWords: Readonly<
  Record<Preset, { readonly title: string; readonly formula: string }>
> = {
  unit: { title: "0 to 1", formula: "p / 255" },
  signed: { title: "−1 to 1", formula: "p / 127.5 − 1" },
  imagenet: { title: "ImageNet, RGB", formula: "(p − mean) / std" },
  caffe: { title: "Caffe, BGR", formula: "p − mean" },
};

/** "ImageNet, RGB", or that the numbers are one's own. */
export function preprocessingTitle(
  preprocessing: Preprocessing | null,
  channels: number,
): string {
  const preset = presetOf(preprocessing, channels);
  return preset ? presetWords[preset].title : "Own numbers";
}

/** "mean 123.675 / 116.28 / 103.53 · std 58.395 / 57.12 / 57.375" */
export function preprocessingNumbers({ mean, std }: Preprocessing): string {
  const list = (values: readonly number[]) =>
    values.map((v) => formatNumber(v).replace("-", "−")).join(" / ");
  return `mean ${list(mean)} · std ${list(std)}`;
}

/** What no preprocessing comes to: x in [-1, 1]. */
export const asItIs: Preprocessing = {
  order: "RGB",
  mean: [127.5],
  std: [127.5],
};

export const originWords: Readonly<Record<Origin, string>> = {
  file: "from the file",
  answer: "your answer",
  guess: "a guess",
};

/** Numbers typed as "127.5" or "123.7, 116.3, 103.5": one for all channels, or one each; else what is wrong. */
export function readChannelNumbers(
  text: string,
  channels: number,
  nonzero: boolean,
): { values: number[] } | { problem: string } {
  const parts = text
    .trim()
    .split(/[\s;/]*[,\s;/][\s;/]*/)
    .filter(Boolean);
  const values = parts.map((part) => Number(part.replace("−", "-")));
  if (values.length === 0 || !values.every(Number.isFinite))
    return { problem: "Numbers are needed, with commas between them." };
  if (values.length !== 1 && values.length !== channels)
    return {
      problem: `One number is needed, or ${channels}; these are ${values.length}.`,
    };
  if (nonzero && values.includes(0))
    return { problem: "A std of 0 would divide by zero." };
  return { values };
}

/** The same numbers, one for each channel. */
export function spread(
  values: readonly number[],
  channels: number,
): readonly number[] {
  return Array.from(
    { length: channels },
    (_, channel) => values[values.length === 1 ? 0 : channel] ?? 0,
  );
}

/** What is said of how a list of names fits; null where it does. */
export function namesProblem(
  labels: Answers["labels"],
  { classes, head }: Pick<NetworkSummary, "classes" | "head">,
): string | null {
  const count =
    labels.kind === "imagenet"
      ? // Older networks have a class of background before ImageNet's.
        classes === 1001
        ? classes
        : 1000
      : labels.kind === "list"
        ? labels.labels.length
        : classes;
  if (count === classes) return null;
  const fit = `${formatWhole(count)} ${count === 1 ? "name" : "names"} for ${unitCount({ classes, head })}`;
  return count < classes
    ? `${fit}: the last ones are called by their number.`
    : `${fit}: the last ones are left out.`;
}

export function sameNames(a: ClassNames, b: ClassNames): boolean {
  if (a.kind !== "list" || b.kind !== "list") return a.kind === b.kind;
  return (
    a.labels === b.labels ||
    (a.labels.length === b.labels.length &&
      a.labels.every((label, index) => label === b.labels[index]))
  );
}

/** What the gradient rules find to bend in a network, in a sentence. */
export function bendText({
  rectifiers,
  activations,
}: Pick<NetworkSummary, "rectifiers" | "activations">): string {
  if (rectifiers === 0)
    return activations > 0
      ? `0 of ${activations} activations are ReLU: ProxyGrad has no effect here.`
      : "This network has no activations: ProxyGrad has no effect here.";
  const bends = `ProxyGrad bends ${rectifiers} of ${activations} activations`;
  return rectifiers < activations
    ? `${bends}; the others keep their own gradient.`
    : `${bends}.`;
}

/** How a run fed its network, where it is fed otherwise now: "at 64 × 64", "with another preprocessing". */
export function inputDifferences(
  record: RunRecord | null,
  { input, preprocessing, report, head }: NetworkInfo,
): string[] {
  if (!record) return [];
  const words: string[] = [];
  const [height, width] = record.shape;
  if (height !== input.height || width !== input.width)
    words.push(`at ${width} × ${height}`);
  const before = record.network.preprocessing;
  if (
    before !== undefined &&
    !isSame(before ?? asItIs, preprocessing ?? asItIs, input.channels)
  )
    words.push("with another preprocessing");
  return [...words, ...choiceDifferences(record, report, head)];
}

/** Assumptions, output and head of a run that are others now; records of version 1 do not say theirs. */
function choiceDifferences(
  { network: { identity, assumptions, output }, head: headThen }: RunRecord,
  { assumptions: now, outputs }: ImportReport,
  head: NetworkInfo["head"],
): string[] {
  if (identity === null) return [];
  const inUse = valuesInUse(now);
  const words = Object.entries(assumptions ?? {})
    .filter(([key, value]) => key in inUse && inUse[key] !== value)
    .map(([key, value]) => `with ${key}=${value}`);
  if (output !== null && outputs[0] && outputs[0].name !== output)
    words.push(`of the output "${output}"`);
  if (headThen !== head) words.push(`with the head ${headThen}`);
  return words;
}
