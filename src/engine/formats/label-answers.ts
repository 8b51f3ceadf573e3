/** What classes are called: what the files suggest, a name for each class, and lists that do not fit. */
import type { ClassNames, Head } from "../../shared/domain";
import { hasProbability, unitWords } from "../../shared/head";
import { classCount, type Network } from "../network/network";
import type { Decision, Suggested } from "./decision";

export function suggestedLabels(
  network: Network,
  labels: ClassNames | null,
  head: Head,
): Suggested<ClassNames> {
  if (labels) return { value: labels, from: "file", because: "" };
  const { told } = network;
  if (told.labels)
    return {
      value: told.labels,
      from: "file",
      because: `The names of the ${unitWords(head)[1]} are those in "${told.sources?.[0] ?? ""}".`,
    };
  const classes = classCount(network);
  // a thousand plain numbers are no classes
  const named = hasProbability(head);
  if (named && (classes === 1000 || classes === 1001))
    return {
      value: { kind: "imagenet" },
      from: "guess",
      because:
        classes === 1000
          ? "1,000 classes are taken for ImageNet's."
          : "1,001 classes are taken for a background and ImageNet's 1,000.",
    };
  return { value: { kind: "none" }, from: "guess", because: "" };
}

/** A name for each output value; those without one are numbered. */
export function labelsOf(
  network: Network,
  names: ClassNames,
  head: Head,
  imagenet: readonly string[],
): string[] {
  const classes = classCount(network);
  const given = namesOf(names, classes, imagenet);
  const [one] = unitWords(head);
  return Array.from(
    { length: classes },
    (_, index) => given[index]?.trim() || `${one} ${index}`,
  );
}

/** TensorFlow's older networks have a class of background before ImageNet's. */
function namesOf(
  names: ClassNames,
  classes: number,
  imagenet: readonly string[],
): readonly string[] {
  switch (names.kind) {
    case "none":
      return [];
    case "imagenet":
      return classes === imagenet.length + 1
        ? ["background", ...imagenet]
        : imagenet;
    case "list":
      return names.labels;
  }
}

export function labelWarnings(
  network: Network,
  { value, from }: Decision<ClassNames>,
  head: Head,
  imagenet: readonly string[],
): string[] {
  if (value.kind === "none") return [];
  const classes = classCount(network);
  const { length } = namesOf(value, classes, imagenet);
  if (length === classes || length === 0) return [];
  const whose =
    value.kind === "imagenet"
      ? "ImageNet has"
      : from === "file"
        ? "labels.json has"
        : "The list has";
  return [
    `${whose} ${length} labels for ${classes} ${unitWords(head)[classes === 1 ? 0 : 1]}.`,
  ];
}
