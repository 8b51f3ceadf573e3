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
import type { Network } from "../network/network";
import { assumptionsOf, headOf, outputsOf } from "./choices";
import {
  answered,
  type Decision,
  type Source,
  type Suggested,
} from "./decision";
import { usualSize } from "./format";
import { labelsOf, labelWarnings, suggestedLabels } from "./label-answers";
import {
  preprocessingOf,
  suggestedPreprocessing,
  unitWarnings,
} from "./pixel-answers";

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

/** Throws a Fault `invalid-request` where an answer does not fit the network, `damaged-file` where the card does not. */
export function answerNetwork(
  bare: BareNetwork,
  { given = {}, imagenet = [] }: AnsweringOptions = {},
): AnsweredNetwork {
  const { network, labels, card } = bare;
  const { told, provenance } = network;
  const head = headOf(network, given.head);
  const suggested = {
    size: suggestedSize(bare, given),
    preprocessing: suggestedPreprocessing(network, card),
    labels: suggestedLabels(network, labels, head.value),
  };
  const size = decidedSize(network, given, suggested.size);
  const preprocessing =
    given.preprocessing === undefined
      ? suggested.preprocessing
      : answered(preprocessingOf(given.preprocessing, network.input[2]));
  const names =
    given.labels === undefined ? suggested.labels : answered(given.labels);
  const assumptions = assumptionsOf(told, given.assumptions);
  const warnings = [
    ...provenance.warnings,
    ...assumptionWarnings(assumptions),
    ...sizeWarnings(network, card, size.from),
    ...unitWarnings(preprocessing.value),
    ...labelWarnings(network, names, head.value, imagenet),
  ];
  return {
    network: {
      ...network,
      name: card?.name ?? network.name,
      labels: labelsOf(network, names.value, head.value, imagenet),
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

type Size = readonly [number, number] | null;

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
