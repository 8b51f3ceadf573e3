/** The activations that a network's nonlinearity can be, as they are typed. */
import * as ops from "../../../network/ops/index";
import type { Unknown } from "../assumptions";
import { spelling } from "../unknowns";
import {
  gelu,
  hardSwish,
  relu,
  relu6,
  sigmoid,
  swish,
  type Activation,
} from "./parts";

const plain: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ["relu", relu],
  ["relu6", relu6],
  ["silu", swish],
  ["gelu", gelu],
  ["gelu-tanh", (m, name, x) => m.smooth(name, ops.geluTanh, x)],
  ["quick-gelu", (m, name, x) => m.smooth(name, ops.quickGelu, x)],
  ["hard-swish", hardSwish],
  ["mish", (m, name, x) => m.smooth(name, ops.mish, x)],
  ["selu", (m, name, x) => m.smooth(name, ops.selu, x)],
  ["softplus", (m, name, x) => m.smooth(name, ops.softplus, x)],
  ["tanh", (m, name, x) => m.smooth(name, ops.tanh, x)],
  ["sigmoid", sigmoid],
]);

/** With a number: its smallest and largest value, and PyTorch's default. */
interface Numbered {
  readonly low: number;
  readonly high: number;
  readonly usual: number;
  readonly make: (number: number) => Activation;
}

const numbered: ReadonlyMap<string, Numbered> = new Map([
  [
    "leaky",
    {
      low: 0,
      high: 1,
      usual: 0.01,
      make: (slope) => (m, name, x) =>
        m.activation(name, ops.rectifier, x, { slope, ceiling: null }),
    } satisfies Numbered,
  ],
  [
    "elu",
    {
      low: 0,
      high: 10,
      usual: 1,
      make: (alpha) => (m, name, x) =>
        m.activation(name, ops.elu, x, { alpha }),
    } satisfies Numbered,
  ],
  [
    "celu",
    {
      low: 0.01,
      high: 10,
      usual: 1,
      make: (alpha) => (m, name, x) =>
        m.activation(name, ops.celu, x, { alpha }),
    } satisfies Numbered,
  ],
]);

/** Other spellings of the same. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["swish", "silu"],
  ["hardswish", "hard-swish"],
  ["hswish", "hard-swish"],
  ["quickgelu", "quick-gelu"],
  ["gelutanh", "gelu-tanh"],
  ["gelupytorchtanh", "gelu-tanh"],
  ["gelunew", "gelu-tanh"],
  ["leakyrelu", "leaky"],
  ["lrelu", "leaky"],
]);

/** What can be typed, examples of numbers among it. */
const choices = [
  ...["relu", "leaky:0.01", "leaky:0.1", "leaky:0.2", "relu6"],
  ...["silu", "hard-swish", "gelu", "gelu-tanh", "quick-gelu", "mish"],
  ...["elu:1", "celu:1", "selu", "softplus", "tanh", "sigmoid"],
];

/** The activation that stands for the network's nonlinearity; gates of squeeze and excitation keep theirs. */
export function activationOf(
  usual: string,
  reason: Partial<Pick<Unknown<unknown>, "from" | "because">> = {},
): Unknown<Activation> {
  return {
    key: "activation",
    usual,
    because: `The activation is assumed to be ${usual}, as in the published network: weights are the same with any other.`,
    ...reason,
    choices,
    read: readActivation,
  };
}

/** Two activations, of the first blocks and of the later ones; one alone stands for both. */
export function activationsOf(
  first: string,
  later: string,
): Unknown<readonly [Activation, Activation]> {
  return {
    key: "activation",
    usual: `${first},${later}`,
    because: `The activations are assumed to be ${first} in the first blocks and ${later} in the others, as in the published network: weights are the same with any other.`,
    choices: [`${first},${later}`, ...choices],
    read(text) {
      const parts = text.split(",").map(readActivation);
      const [one, two = one, ...more] = parts;
      if (!one || !two || more.length > 0) return null;
      const value =
        parts.length === 1 ? one.value : `${one.value},${two.value}`;
      return { value, means: [one.means, two.means] };
    },
  };
}

function readActivation(text: string) {
  const [typed = "", number, ...more] = spelling(text).split(":");
  const squeezed = typed.replace(/[-_ ]/g, "");
  const name = aliases.get(squeezed) ?? (plain.has(typed) ? typed : squeezed);
  const bare = plain.get(name);
  if (bare && number === undefined) return { value: name, means: bare };
  const kind = numbered.get(name);
  if (!kind || more.length > 0 || number?.trim() === "") return null;
  const { low, high, usual, make } = kind;
  const amount = Number(number ?? usual);
  if (!(amount >= low && amount <= high)) return null;
  return { value: `${name}:${amount}`, means: make(amount) };
}
