/**
 * What files seldom say of a network, size of the input, preprocessing, names of classes, meaning of the output, is
 * decided here: by the user, else by the files, else by a guess that says so.
 */
import { assumptionWarnings } from "../../shared/assumptions";
import type { NetworkCard } from "../../shared/card";
import type {
  Answers,
  AssumptionValues,
  ClassNames,
  Head,
  ImportReport,
  Preprocessing,
  Preset,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { presetFor } from "../../shared/presets";
import { classCount, type Network } from "../network/network";
import { preprocessingFor } from "./card";
import { assumptionsOf, headOf, outputsOf } from "./choices";
import { usualSize } from "./format";

/** A network as its files hold it: no labels, no preprocessing; and what lies beside them. */
export interface BareNetwork {
  readonly network: Network;
  readonly card: NetworkCard | null;
  /** Those of labels.json, or of whoever knows the file; null: none are known. */
  readonly labels: ClassNames | null;
}

/** What whoever opens a network says of it; what is left out is taken from the files, or guessed. */
export interface GivenAnswers {
  /** The size the network was read with; null: the files', or the usual one. */
  readonly size?: readonly [number, number] | null;
  readonly preprocessing?: Preset | Preprocessing | null;
  readonly labels?: ClassNames;
  /** Corrections and confirmations; the network was read with them. */
  readonly assumptions?: AssumptionValues;
  /** Name of the output the network was read with; null: by the rule. */
  readonly output?: string | null;
  /** Null: as the file says, or as assumed. */
  readonly head?: Head | null;
}

export interface AnsweringOptions {
  readonly given?: GivenAnswers;
  /** ImageNet's 1,000 names; without them such classes are numbered. */
  readonly imagenet?: readonly string[];
}

export interface AnsweredNetwork {
  readonly network: Network;
  readonly report: ImportReport;
}

/** So many outputs are listed. */
const mostOutputs = 1000;

type Source = "file" | "answer" | "guess";
interface Decision<T, S extends Source = Source> {
  readonly value: T;
  readonly from: S;
  /** A sentence for people, or nothing. */
  readonly because: string;
}

/** Throws a Fault `invalid-request` where an answer does not fit the network, `damaged-file` where the card does not. */
export function answerNetwork(
  bare: BareNetwork,
  { given = {}, imagenet = [] }: AnsweringOptions = {},
): AnsweredNetwork {
  const { network, labels, card } = bare;
  const { told, provenance } = network;
  const suggested = {
    size: suggestedSize(bare, given),
    preprocessing: suggestedPreprocessing(bare),
    labels: suggestedLabels(network, labels),
  };
  const size = decidedSize(network, given, suggested.size);
  const preprocessing =
    given.preprocessing === undefined
      ? suggested.preprocessing
      : answered(preprocessingOf(given.preprocessing, network.input[2]));
  const names =
    given.labels === undefined ? suggested.labels : answered(given.labels);
  const head = headOf(network, given.head);
  const assumptions = assumptionsOf(told, given.assumptions);
  const warnings = [
    ...provenance.warnings,
    ...assumptionWarnings(assumptions),
    ...sizeWarnings(network, card, size.from),
    ...labelWarnings(network, names, imagenet),
  ];
  return {
    network: {
      ...network,
      name: card?.name ?? network.name,
      labels: labelsOf(network, names.value, imagenet),
      preprocessing: preprocessing.value,
      provenance: { ...provenance, warnings },
      told: { ...told, assumptions, head },
    },
    report: {
      producer: provenance.producer.slice(0, 1000),
      layers: network.nodes.length,
      fixedSize: told.fixedSize && [...told.fixedSize],
      stripped: [...provenance.stripped],
      answers: answersOf(size, preprocessing, names, given),
      assumptions,
      outputs: outputsOf(network).slice(0, mostOutputs),
      headFrom: head.from,
      sources: [...(told.sources ?? [])],
      from: {
        size: size.from,
        preprocessing: preprocessing.from,
        labels: names.from,
      },
      suggested: {
        answers: answersOf(
          suggested.size,
          suggested.preprocessing,
          suggested.labels,
          {},
        ),
        from: {
          size: suggested.size.from,
          preprocessing: suggested.preprocessing.from,
          labels: suggested.labels.from,
        },
      },
      offer: null,
      because: [preprocessing, names, size]
        .map(({ because }) => because)
        .filter((sentence) => sentence !== "")
        .join(" ")
        .slice(0, 1000),
    },
  };
}

/** Numbers for so many channels; a preset that has no meaning for them is refused. */
export function preprocessingOf(
  given: Preset | Preprocessing | null,
  channels: number,
): Preprocessing | null {
  if (given === null) return null;
  if (typeof given === "string") {
    const preset = presetFor(given, channels);
    if (preset) return preset;
    throw new Fault(
      "invalid-request",
      `The preprocessing "${given}" is one of colours, and the network's input has ${channels} channels.`,
      'Use "unit" or "signed", or give mean and std for each channel.',
    );
  }
  for (const key of ["mean", "std"] as const) {
    const { length } = given[key];
    if (length !== 1 && length !== channels)
      throw new Fault(
        "invalid-request",
        `The preprocessing has ${length} values of ${key} for ${channels} channels.`,
        `Give one value, or ${channels}.`,
      );
  }
  return given;
}

function answered<T>(value: T): Decision<T> {
  return { value, from: "answer", because: "" };
}

type Size = readonly [number, number] | null;
type Suggested<T> = Decision<T, "file" | "guess">;

function suggestedSize(
  { network, card }: BareNetwork,
  given: GivenAnswers,
): Suggested<Size> {
  if (network.told.fixedSize) return { value: null, from: "file", because: "" };
  // a reader that was not asked for a size has taken the card's, or what its family is trained at
  const taken: Size = [network.input[0], network.input[1]];
  if (card?.input) {
    const carded: Size = [card.input.height, card.input.width];
    return { value: given.size ? carded : taken, from: "file", because: "" };
  }
  const { size } = network.told;
  if (size)
    return {
      value: given.size ? size.value : taken,
      from: "file",
      because: size.because,
    };
  const value = given.size ? usualSize : taken;
  return {
    value,
    from: "guess",
    because: `The file leaves the size of its input open; ${value[0]} x ${value[1]} is taken.`,
  };
}

function decidedSize(
  { told }: Network,
  given: GivenAnswers,
  suggested: Suggested<Size>,
): Decision<Size> {
  if (given.size) {
    const fixed = told.fixedSize;
    const same = fixed?.every((side, axis) => side === given.size?.[axis]);
    return same ? suggested : answered(given.size);
  }
  // "as the file says" is an answer too, where the file says nothing
  return given.size === null && suggested.from === "guess"
    ? answered(suggested.value)
    : suggested;
}

function suggestedPreprocessing({
  network,
  card,
}: BareNetwork): Suggested<Preprocessing | null> {
  const { input, told } = network;
  const channels = input[2];
  const carded = preprocessingFor(card, channels);
  if (carded) return { value: carded, from: "file", because: "" };
  if (told.preprocessing) {
    const { value, from, because } = told.preprocessing;
    return { value, from, because };
  }
  const classes = classCount(network);
  if (channels === 3 && (classes === 1000 || classes === 1001))
    return {
      value: presetFor("imagenet", channels),
      from: "guess",
      because: `The file does not say how pixels are prepared; for ${classes.toLocaleString("en")} classes and three channels, ImageNet's mean and standard deviation are the most usual.`,
    };
  return {
    value: presetFor("unit", channels),
    from: "guess",
    because:
      "The file does not say how pixels are prepared; values in 0..1 are the most usual.",
  };
}

function suggestedLabels(
  network: Network,
  labels: ClassNames | null,
): Suggested<ClassNames> {
  if (labels) return { value: labels, from: "file", because: "" };
  const { told } = network;
  if (told.labels)
    return {
      value: told.labels,
      from: "file",
      because: `The names of the classes are those in "${told.sources?.[0] ?? ""}".`,
    };
  const classes = classCount(network);
  if (classes === 1000 || classes === 1001)
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

function answersOf(
  size: Decision<Size>,
  preprocessing: Decision<Preprocessing | null>,
  labels: Decision<ClassNames>,
  { assumptions = {}, output = null, head = null }: GivenAnswers,
): Answers {
  return {
    size: size.value && [...size.value],
    preprocessing: preprocessing.value,
    labels: labels.value,
    assumptions: { ...assumptions },
    output,
    head,
  };
}

/** A name for each class; those without one are numbered. */
function labelsOf(
  network: Network,
  names: ClassNames,
  imagenet: readonly string[],
): string[] {
  const classes = classCount(network);
  const given = namesOf(names, classes, imagenet);
  return Array.from(
    { length: classes },
    (_, index) => given[index]?.trim() || `class ${index}`,
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

function labelWarnings(
  network: Network,
  { value, from }: Decision<ClassNames>,
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
  return [`${whose} ${length} labels for ${classes} classes.`];
}

function sizeWarnings(
  { input }: Network,
  card: NetworkCard | null,
  from: Source,
): string[] {
  const [height, width, channels] = input;
  const named = card?.input;
  if (
    !named ||
    from === "answer" ||
    (named.channels === channels &&
      named.height === height &&
      named.width === width)
  )
    return [];
  return [
    `The card names an input of ${named.height} x ${named.width} x ${named.channels}; it is ${height} x ${width} x ${channels}.`,
  ];
}
