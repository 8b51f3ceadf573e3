/** What decides how a network's files are read: flags and saved answers, and which of those still fit. */
import { isAsRead, type GivenAnswers, type Network } from "../../engine";
import type {
  Answers,
  AssumptionValues,
  SavedAnswers,
} from "../../shared/domain";
import type { Fault } from "../../shared/fault";
import type { ReadRequest, ReadResult } from "./read-network";

/** A null size is the file's, or the usual one. */
export type How = Pick<ReadRequest, "size" | "assume" | "output" | "head">;

export interface Read {
  readonly bare: ReadResult;
  readonly how: How;
}

/** What somebody has confirmed of saved answers; the rest is guessed again. */
export function confirmed(saved: SavedAnswers | null): GivenAnswers {
  if (!saved) return {};
  const entries = Object.entries(saved.answers).filter(
    ([part]) => !saved.guessed.some((guess) => guess === part),
  );
  // answers without some of their parts
  return Object.fromEntries(entries);
}

/** What is asked of a reader; of each, and of each assumption, the flag goes before what is saved. */
export function howOf(
  {
    given,
    openSize,
  }: {
    readonly given: GivenAnswers;
    readonly openSize: readonly [number, number] | null;
  },
  saved: SavedAnswers | null,
): How {
  const { size, assumptions, output, head } = confirmed(saved);
  return {
    size: given.size ?? (size ? (openSize ?? size) : null),
    assume: { ...assumptions, ...given.assumptions },
    output: given.output === undefined ? (output ?? null) : given.output,
    head: given.head === undefined ? (head ?? null) : given.head,
  };
}

/** Whether reading as `wanted` would give the same network again. */
export function canStay({ bare, how }: Read, wanted: How): boolean {
  // a value may be spelled otherwise than the reader reports it: "leaky:0.10"
  if (isSameHow(how, wanted)) return true;
  const { network } = bare;
  const [height, width] = network.input;
  const size = wanted.size ?? network.told.fixedSize;
  const sameSize = size
    ? size[0] === height && size[1] === width
    : how.size === null;
  return sameSize && isAsRead(network, how, wanted);
}

export function isSameHow(a: How, b: How): boolean {
  return (
    a.size?.[0] === b.size?.[0] &&
    a.size?.[1] === b.size?.[1] &&
    isSameChoice(a, b)
  );
}

/** Saved answers as they are, then with those corrections that the network has a use for, then without any. */
export function attempts(
  saved: SavedAnswers,
  { told }: Network,
): SavedAnswers[] {
  const { assumptions, output, head } = saved.answers;
  const keys = (told.assumptions ?? []).map(({ key }) => key);
  const hasOutput =
    output === null || told.outputs?.some(({ name }) => name === output);
  const choices = [
    { assumptions, output, head },
    {
      assumptions: Object.fromEntries(
        Object.entries(assumptions).filter(([key]) => keys.includes(key)),
      ),
      output: hasOutput ? output : null,
      // it was said of that output
      head: hasOutput ? head : null,
    },
    { assumptions: {}, output: null, head: null },
  ];
  return choices
    .filter((choice, index) => {
      const before = choices[index - 1];
      return !before || !isSameChoice(chosen(before), chosen(choice));
    })
    .map((choice) => ({ ...saved, answers: { ...saved.answers, ...choice } }));
}

/** What was given up between two attempts, a sentence each. */
export function lost(
  { answers: before }: SavedAnswers,
  { answers: after }: SavedAnswers,
  why: Fault,
): string[] {
  const words = Object.entries(before.assumptions)
    .filter(([key]) => !Object.hasOwn(after.assumptions, key))
    .map(([key, value]) => `the correction ${key}=${value}`);
  if (before.output !== after.output)
    words.push(`the output "${before.output}"`);
  if (before.head !== after.head) words.push(`the head ${before.head}`);
  return words.map((what) =>
    `Of the saved answers, ${what} does not fit this network and is not used. ${why.message}`.slice(
      0,
      1000,
    ),
  );
}

type Choice = Pick<How, "assume" | "output" | "head">;

function chosen({
  assumptions,
  output,
  head,
}: Pick<Answers, "assumptions" | "output" | "head">): Choice {
  return { assume: assumptions, output, head };
}

function isSameChoice(a: Choice, b: Choice): boolean {
  return (
    isSameValues(a.assume, b.assume) &&
    a.output === b.output &&
    a.head === b.head
  );
}

function isSameValues(a: AssumptionValues, b: AssumptionValues): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => a[key] === b[key])
  );
}
