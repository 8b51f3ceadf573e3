/** Activations by Keras' names. */
import type { Op } from "../../network/op";
import * as ops from "../../network/ops/index";
import { isObject } from "../json";

export interface Activation {
  readonly name: string;
  readonly op: Op;
  readonly attributes: object;
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

export const activationNames: readonly string[] = [
  "linear",
  ...activations.keys(),
];

/** Null: linear, nothing to do, or unknown; see {@link unknownActivation}. */
export function activationOf(
  value: unknown,
  version: 2 | 3,
): Activation | null {
  const name = nameOf(value);
  if (name === hardSigmoid3.name && version === 3) return hardSigmoid3;
  return activations.get(name) ?? null;
}

/** The name of an activation that cannot be done; null where it can. */
export function unknownActivation(value: unknown): string | null {
  const name = nameOf(value);
  return activationNames.includes(name) ? null : name;
}

/** A name, nothing (linear), or Keras' { class_name: "function", config: name }. */
function nameOf(value: unknown): string {
  if (value === null || value === undefined) return "linear";
  if (typeof value === "string") return value;
  if (isObject(value)) {
    const { config, class_name: className } = value;
    if (typeof config === "string") return config;
    if (typeof className === "string") return className;
  }
  return JSON.stringify(value).slice(0, 100);
}
