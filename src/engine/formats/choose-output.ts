/** Which of a network's outputs is taken: one rule for every format. */
import type { OutputChoice } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { spell } from "../network/ops/check";
import type { Shape } from "../network/op";

/** A value that can be the network's output. */
export interface OutputCandidate {
  /** As the file calls it; `ReadOptions.output` names it. */
  readonly name: string;
  /** Batch left out, channels last: [class], [height, width, channel] or [position, channel]. */
  readonly shape: Shape;
  /** Operations on the longest path from the input: see `Assembler.depthOf`. */
  readonly depth: number;
  /** Place in the file's own list of outputs. */
  readonly order: number;
  /** The file's names say that another output of this shape is the network's own. */
  readonly auxiliary?: boolean;
}

export interface ChosenOutput<C extends OutputCandidate> {
  readonly chosen: C;
  /** For `Told.outputs`: the chosen one first, the others in the file's order. */
  readonly outputs: readonly OutputChoice[];
}

/** As many as the report holds. */
const mostListed = 1000;
/** So many are named in a message. */
const mostNamed = 3;

/**
 * The output named `asked`, else by the rule: vectors before maps, among equals the deepest, then the first declared.
 * Throws a Fault `invalid-request` for a name that is not there, `unsupported-network` where no candidate is a
 * vector or a map.
 */
export function chooseOutput<C extends OutputCandidate>(
  candidates: readonly C[],
  asked?: string | null,
): ChosenOutput<C> {
  const usable = candidates
    .filter(({ shape }) => rankOf(shape) < 2)
    .sort((a, b) => a.order - b.order);
  const best = usable.toSorted(
    (a, b) =>
      rankOf(a.shape) - rankOf(b.shape) ||
      Number(a.auxiliary ?? false) - Number(b.auxiliary ?? false) ||
      b.depth - a.depth ||
      a.order - b.order,
  )[0];
  if (!best)
    throw new Fault(
      "unsupported-network",
      `No output is a vector or a map: ${few(candidates.map(({ name, shape }) => `"${name}" is ${spell(shape)}`))}.`,
      "Export the network with an output [class] or [height, width, channel].",
    );
  const chosen =
    asked == null ? best : usable.find(({ name }) => name === asked);
  if (!chosen) throw unknownOutput(asked ?? "", usable, candidates);
  const others = usable.filter((candidate) => candidate !== chosen);
  return {
    chosen,
    outputs: [chosen, ...others]
      .slice(0, mostListed)
      .map(({ name, shape }) => ({ name, shape: [...shape] })),
  };
}

/** The Fault for an output that cannot be taken. */
export function unknownOutput(
  asked: string,
  usable: readonly { readonly name: string }[],
  all: readonly OutputCandidate[] = [],
): Fault {
  const unfit = all.find(({ name }) => name === asked);
  return new Fault(
    "invalid-request",
    unfit
      ? `The output "${asked}" has the shape ${spell(unfit.shape)}, and is neither a vector nor a map.`
      : `The network has no output "${asked}".`,
    `Its outputs are ${few(usable.map(({ name }) => `"${name}"`))}.`,
  );
}

/** A sentence for the warnings where there are several outputs. */
export function otherOutputs(outputs: readonly OutputChoice[]): string[] {
  const [taken, ...others] = outputs;
  return !taken || others.length === 0
    ? []
    : [
        `"${taken.name}" is taken of several outputs; the others are ${few(others.map(({ name }) => `"${name}"`))}.`,
      ];
}

/** A sentence for the outputs that cannot be taken, with the reason of the first. */
export function leftOut(failed: ReadonlyMap<string, Fault>): string[] {
  const [reason] = failed.values();
  if (!reason) return [];
  const names = few([...failed.keys()].map((name) => `"${name}"`));
  const subject =
    failed.size === 1 ? `The output ${names} is` : `The outputs ${names} are`;
  return [`${subject} left out: ${reason.message}`];
}

/** The Fault for an output that was asked for and cannot be computed. */
export function refusedOutput(name: string, { message, remedy }: Fault): Fault {
  return new Fault(
    "unsupported-network",
    `The output "${name}" cannot be taken. ${message}`,
    remedy,
  );
}

/** 0: a vector, or a map of one pixel; 1: a map, or a row of vectors; 2: neither. */
function rankOf(shape: Shape): 0 | 1 | 2 {
  if (shape.slice(0, -1).every((d) => d === 1)) return 0;
  return shape.length <= 3 ? 1 : 2;
}

function few(phrases: readonly string[]): string {
  const more = phrases.length - mostNamed;
  const shown = phrases.slice(0, mostNamed).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
