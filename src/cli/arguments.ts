/** Reading values off the command line; every mistake becomes a sentence that names the flag. */
import { methodSchema, type Method } from "../shared/domain";
import { usage } from "./exit";

export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** Whether `min` itself is left out. */
  readonly above?: boolean;
  readonly whole?: boolean;
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number in a range, or the fallback where the flag was not given. */
export function readNumber<F>(
  flag: string,
  text: string | undefined,
  range: NumberRange,
  fallback: F,
): number | F {
  if (text === undefined) return fallback;
  const value = decimal.test(text.trim()) ? Number(text) : NaN;
  const { min, max, above = false, whole = false } = range;
  if (
    !(above ? value > min : value >= min) ||
    value > max ||
    (whole && !Number.isInteger(value))
  )
    throw usage(
      `${flag} must be a ${whole ? "whole " : ""}number ${above ? "above" : "from"} ${min} ${above ? "and at most" : "to"} ${max}, not "${text}".`,
    );
  return value;
}

export function readChoice<T extends string>(
  flag: string,
  text: string,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined)
    throw usage(`${flag} must be one of ${choices.join(", ")}, not "${text}".`);
  return found;
}

export function needed(flag: string, text: string | undefined): string {
  if (text === undefined || text === "") throw usage(`${flag} is missing.`);
  return text;
}

const spellings = "relu, leaky:S, proxygrad:P or slopes:S:P";

/** relu, leaky:0.1, proxygrad:0.1, slopes:0:0.1. */
export function readMethod(text: string): Method {
  const [kind, ...slopes] = text.trim().split(":");
  const counts = { relu: 0, leaky: 1, proxygrad: 1, slopes: 2 };
  if (
    kind === undefined ||
    !Object.hasOwn(counts, kind) ||
    slopes.length !== counts[kind as keyof typeof counts] // hasOwn has just told
  )
    throw usage(`"${text}" is no method.`, `Methods are ${spellings}.`);
  const [first, second] = slopes.map((slope) =>
    readNumber(`The slope in "${text}"`, slope, { min: 0, max: 1 }, NaN),
  );
  return methodSchema.parse(
    kind === "relu"
      ? { kind }
      : kind === "slopes"
        ? { kind, forward: first, backward: second }
        : { kind, slope: first },
  );
}

/** Methods separated by commas, each with the spelling it was given in. */
export function readMethods(
  text: string,
): { readonly method: Method; readonly given: string }[] {
  return splitList("--methods", text).map((given) => ({
    method: readMethod(given),
    given,
  }));
}

/** "1/4": the first of four. */
export function readShard(text: string): { index: number; count: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || index < 1 || index > count || count > 10_000)
    throw usage(
      `--shard must be I/N, I from 1 to N and N at most 10000, not "${text}".`,
    );
  return { index, count };
}

/** "128x96": height, width. */
export function readSize(text: string): readonly [number, number] {
  const match = /^(\d+)x(\d+)$/i.exec(text);
  const [height, width] = [Number(match?.[1]), Number(match?.[2])];
  const fine = (side: number) => side >= 1 && side <= 4096;
  if (!fine(height) || !fine(width))
    throw usage(
      `--size must be HxW, each from 1 to 4096, such as 128x128, not "${text}".`,
    );
  return [height, width];
}

export function splitList(flag: string, text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.some((item) => item === ""))
    throw usage(`${flag} has an empty entry in "${text}".`);
  return items;
}
