/** A vision transformer's block. */
import type { Value } from "../../lowering/index";
import type { Modules } from "../modules";
import type { Activation } from "./parts";

/** Below a block. */
export interface BlockNames {
  readonly norms: readonly [string, string];
  /** Weight and bias of queries, keys and values at once. */
  readonly query: readonly [weight: string, bias: string];
  readonly project: string;
  readonly mlp: readonly [string, string];
}

export interface BlockSettings {
  readonly heads: number;
  readonly activation: Activation;
  /** Of every norm. */
  readonly epsilon: number;
}

/** Attention and two linear layers, each beside the tokens [1, token, width]. */
export async function block(
  m: Modules,
  name: string,
  names: BlockNames,
  x: Value,
  { heads, activation, epsilon }: BlockSettings,
): Promise<Value> {
  const at = (part: string) => `${name}.${part}`;
  const [first, second] = names.norms;
  const [wide, narrow] = names.mlp;
  const [weight, bias] = names.query;
  let y = await m.layerNorm(at(first), x, epsilon);
  y = await m.dense(at("query"), y, { weight: at(weight), bias: at(bias) });
  y = attention(m, at("attention"), y, heads);
  y = await m.dense(at(names.project), y);
  y = await scaled(m, at("ls1.gamma"), y);
  const middle = m.add(`${name}/attended`, x, y);
  y = await m.layerNorm(at(second), middle, epsilon);
  y = activation(m, `${name}/gelu`, await m.dense(at(wide), y));
  y = await scaled(m, at("ls2.gamma"), await m.dense(at(narrow), y));
  return m.add(`${name}/add`, middle, y);
}

/** timm's layer scale, where there is one. */
async function scaled(m: Modules, key: string, x: Value): Promise<Value> {
  return m.keys.has(key) ? m.multiply(key, x, await m.parameter(key, 1)) : x;
}

/** Queries, keys and values [1, token, 3 width] to what each token attends to, [1, token, width]. */
function attention(m: Modules, name: string, all: Value, heads: number): Value {
  const { lowering } = m;
  const [, tokens = 0, triple = 0] = all.dims;
  const width = triple / 3;
  const depth = width / heads;
  const parts = lowering
    .split(name, all, [width, width, width], 2)
    .map((part) =>
      lowering.transpose(
        name,
        lowering.reshape(name, part, [1, tokens, heads, depth]),
        [0, 2, 1, 3],
      ),
    );
  const [query = all, key = all, value = all] = parts;
  const scale = lowering.constant([1], Float32Array.of(1 / Math.sqrt(depth)));
  let weights = lowering.matmul(name, m.multiply(name, query, scale), key, {
    transposeB: true,
  });
  weights = lowering.softmax(`${name}/softmax`, weights, 3);
  const attended = lowering.matmul(name, weights, value);
  return lowering.reshape(
    name,
    lowering.transpose(name, attended, [0, 2, 1, 3]),
    [1, tokens, width],
  );
}
