/** Choices that weights leave open in many families. */
import type { Unknown } from "./assumptions";

type Because = Pick<Unknown<unknown>, "from" | "because">;

/** One of a few named values. */
export function oneOf<T>(
  key: string,
  options: Readonly<Record<string, T>>,
  usual: string,
  reason: Because,
): Unknown<T> {
  const values = new Map(Object.entries(options));
  return {
    key,
    usual,
    ...reason,
    choices: [...values.keys()],
    read(text) {
      const value = spelling(text);
      const means = values.get(value);
      return means === undefined ? null : { value, means };
    },
  };
}

/** The stride of the first convolution, 1 to 8. */
export function stemStride(usual: number, reason: Because): Unknown<number> {
  return {
    key: "stem-stride",
    usual: String(usual),
    ...reason,
    choices: [...new Set(["1", "2", String(usual)])].sort(),
    read(text) {
      const [means, ...more] = numbers(text, 1, 8) ?? [];
      if (means === undefined || more.length > 0) return null;
      return { value: String(means), means };
    },
  };
}

/** The ImageNet stride of a stem that says nothing of it. */
export const imagenetStem: Because = {
  because:
    "The first convolution is assumed to have ImageNet's stride; networks for small pictures have the same shapes and stride 1.",
};

/** The stride of every stage's first block. */
export function stageStrides(
  usual: readonly number[],
  { fits = () => true, ...reason }: Partial<Because> & Fits = {},
): Unknown<readonly number[]> {
  return {
    key: "stage-strides",
    usual: usual.join(","),
    because:
      "The stages are assumed to have the published network's strides: weights do not say where the map is halved.",
    ...reason,
    choices: [
      ...new Set([
        usual.join(","),
        // the last stage that halves the map leaves it as it is
        usual.map((by, i) => (i === usual.lastIndexOf(2) ? 1 : by)).join(","),
      ]),
    ],
    read(text) {
      const means = numbers(text, 1, 4);
      if (means?.length !== usual.length) return null;
      const value = means.join(",");
      // where the usual strides do not fit either, it is the weights that say what is missing
      return value === usual.join(",") || fits(means) ? { value, means } : null;
    },
  };
}

interface Fits {
  /** Whether the weights allow these strides. */
  readonly fits?: (strides: readonly number[]) => boolean;
}

/** The dilation of every stage. */
export function dilations(stages: number): Unknown<readonly number[]> {
  const list = (...last: number[]) =>
    [...Array.from({ length: stages }, () => 1), ...last].slice(-stages);
  return {
    key: "dilation",
    usual: list().join(","),
    because:
      "The convolutions are assumed to have no dilation: dilated backbones have the same keys and shapes.",
    choices: [...new Set([list(), list(2), list(2, 4)].map(String))],
    read(text) {
      const means = numbers(text, 1, 32);
      if (means?.length !== stages) return null;
      return { value: means.join(","), means };
    },
  };
}

/** Attention heads of a network of this width; `usual` is what is published for it. */
export function heads(width: number, usual: number): Unknown<number> {
  const divisors = Array.from({ length: 64 }, (_, i) => i + 1).filter(
    (count) => width % count === 0,
  );
  return {
    key: "heads",
    usual: String(usual),
    because: `${usual} attention heads are assumed, as is usual for a width of ${width}: weights do not tell how many there are.`,
    choices: divisors.map(String).slice(0, 40),
    read(text) {
      const [means = 0, ...more] = numbers(text, 1, width) ?? [];
      if (means < 1 || width % means !== 0 || more.length > 0) return null;
      return { value: String(means), means };
    },
  };
}

/** A pool after the stem. */
export interface StemPool {
  readonly kind: "max" | "average";
  readonly window: number;
  readonly stride: number;
  readonly padding: number;
  readonly ceil: boolean;
}

/** `usual`: what "max" alone stands for. */
export function stemPool(
  usual: StemPool,
  value: string,
  reason: Because,
): Unknown<StemPool | null> {
  const shown = `${usual.window}/${usual.stride}/${usual.padding}${usual.ceil ? "/ceil" : ""}`;
  return {
    key: "stem-pool",
    usual: value,
    ...reason,
    choices: ["max", "none", "avg", `max:${shown}`, "max:2/2", "avg:2/2"],
    read: (text) => readPool(spelling(text), usual),
  };
}

/** torchvision's: 3 x 3, stride 2, padded by one. */
export const maxPool: StemPool = {
  kind: "max",
  window: 3,
  stride: 2,
  padding: 1,
  ceil: false,
};

/** "none", "max", "avg", or KIND:WINDOW/STRIDE[/PADDING[/ceil]]. */
function readPool(value: string, usual: StemPool) {
  if (value === "none") return { value, means: null };
  const match = /^(max|avg)(?::([1-9])\/([1-9])(?:\/([0-4])(\/ceil)?)?)?$/.exec(
    value,
  );
  if (!match) return null;
  const [, kind, size, stride, padding, ceil] = match;
  const means: StemPool = {
    ...usual,
    kind: kind === "max" ? "max" : "average",
    ...(size !== undefined && {
      window: Number(size),
      stride: Number(stride),
      padding: Number(padding ?? 0),
      ceil: ceil !== undefined,
    }),
  };
  return means.padding * 2 > means.window ? null : { value, means };
}

/** Trimmed, lower case. */
export function spelling(text: string): string {
  return text.trim().toLowerCase();
}

/** Whole numbers between two limits, separated by commas; null where the text is something else. */
function numbers(text: string, low: number, high: number): number[] | null {
  const parts = text.split(",").map((part) => part.trim());
  if (!parts.every((part) => /^\d{1,5}$/.test(part))) return null;
  const values = parts.map(Number);
  return values.every((value) => value >= low && value <= high) ? values : null;
}
