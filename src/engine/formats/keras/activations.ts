/** Activations by Keras' names. */
import type { Op } from "../../network/op";
import * as ops from "../../network/ops/index";
import { isObject } from "../json";

export interface Activation {
  readonly name: string;
  readonly op: Op;
  readonly attributes: object;
  /** What is done to its value. */
  readonly then?: Op;
}

function of<A extends object>(name: string, op: Op<A>, attributes: A) {
  return [name, { name, op, attributes }] as const;
}

const activations: ReadonlyMap<string, Activation> = new Map<
  string,
  Activation
>([
  of("relu", ops.rectifier, { slope: 0, ceiling: null }),
  of("relu6", ops.rectifier, { slope: 0, ceiling: 6 }),
  of("leaky_relu", ops.rectifier, { slope: 0.2, ceiling: null }),
  of("softmax", ops.softmax, {}),
  [
    "log_softmax",
    { name: "log_softmax", op: ops.softmax, attributes: {}, then: ops.log },
  ],
  of("sigmoid", ops.sigmoid, {}),
  of("tanh", ops.tanh, {}),
  of("elu", ops.elu, { alpha: 1 }),
  of("celu", ops.celu, { alpha: 1 }),
  of("selu", ops.selu, {}),
  of("softplus", ops.softplus, {}),
  of("softsign", ops.softsign, {}),
  of("swish", ops.swish, {}),
  of("silu", ops.swish, {}),
  of("gelu", ops.gelu, {}),
  of("gelu_new", ops.geluTanh, {}),
  of("mish", ops.mish, {}),
  of("exponential", ops.exp, {}),
  of("log_sigmoid", ops.logSigmoid, {}),
  of("hard_tanh", ops.hardTanh, {}),
  of("hard_sigmoid", ops.hardSigmoid, { slope: 0.2, offset: 0.5 }),
  of("hard_silu", ops.hardSwish, {}),
  of("hard_swish", ops.hardSwish, {}),
]);

/** Keras 3 has made it that of PyTorch. */
const [, hardSigmoid3] = of("hard_sigmoid", ops.hardSigmoid, {
  slope: 1 / 6,
  offset: 0.5,
});

/** Null: linear, nothing to do, or unknown; see {@link unknownActivation}. */
export function activationOf(
  value: unknown,
  version: 2 | 3,
): Activation | null {
  const name = nameOf(value);
  if (name === hardSigmoid3.name && version === 3) return hardSigmoid3;
  return activations.get(name ?? "") ?? null;
}

/** What an activation that cannot be done is, in words that follow "has"; null where it can. */
export function unknownActivation(
  value: unknown,
  version: 2 | 3,
): string | null {
  const name = nameOf(value);
  if (name === null)
    return "a lambda as its activation, code that is never run";
  if (name !== "linear" && !activations.has(name))
    return `the activation ${JSON.stringify(name.slice(0, 100))}`;
  // Keras 3 writes its own functions as plain names
  return version === 3 && isObject(value) && value["class_name"] === "function"
    ? `an activation of its own called ${JSON.stringify(name)}, whose code lies elsewhere`
    : null;
}

/** A name, nothing (linear), or { class_name: "function", config: name }; null for code. */
function nameOf(value: unknown): string | null {
  if (value === null || value === undefined) return "linear";
  if (typeof value === "string") return value;
  if (!isObject(value)) return null;
  const { config, class_name: className } = value;
  if (typeof config === "string") return config;
  return typeof className === "string" && className !== "__lambda__"
    ? className
    : null;
}
