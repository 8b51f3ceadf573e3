/** Attention and rotary embedding, as opset 23 and later have them. */
import { count, spell } from "../../../network/ops/check";
import * as ops from "../../../network/ops/index";
import type { Constant, Value } from "../../lowering/index";
import type { Call, Operator } from "../call";

/** Inputs by their place. */
const places = { mask: 3, pastKey: 4, pastValue: 5, lengths: 6 } as const;

/**
 * softmax(softcap(Q K^T scale) + mask) V over [batch, head, position, feature]; three-dimensional inputs hold the heads
 * side by side in their last axis. Heads of K and V may serve several heads of Q. Gives Y, and K and V by heads.
 */
export const attention: Operator = (call) => {
  const { node, lowering, name } = call;
  for (const [what, i] of [
    ["past_key", places.pastKey],
    ["past_value", places.pastValue],
    ["nonpad_kv_seqlen", places.lengths],
  ] as const)
    if (call.has(i))
      node.refuse(
        `it has the input ${what}.`,
        "Export the network without a cache of keys and values.",
      );
  const rank = call.value(0).dims.length;
  const [q, k, v] = [
    byHeads(call, 0, "q_num_heads"),
    byHeads(call, 1, "kv_num_heads"),
    byHeads(call, 2, "kv_num_heads"),
  ];
  const [, heads = 1, positions = 1, features = 1] = q.dims;
  const [, keyHeads = 1, keys = 1] = k.dims;
  if (heads % keyHeads !== 0 || v.dims[1] !== keyHeads || v.dims[2] !== keys)
    node.damaged(
      `its queries, keys and values are ${spell(q.dims)}, ${spell(k.dims)} and ${spell(v.dims)}.`,
    );
  const scale = node.float("scale", 1 / Math.sqrt(features));
  const shared = (x: Value) => repeatedHeads(call, x, heads / keyHeads);
  const scaled = lowering.binary(name, "multiply", q, call.scalar(scale));
  let scores = lowering.matmul(name, scaled, shared(k), { transposeB: true });
  scores = capped(call, scores, node.float("softcap", 0));
  const mask = maskOf(call, heads, positions, keys);
  if (mask) scores = lowering.binary(name, "add", scores, mask);
  const weights = lowering.softmax(name, scores, 3);
  const y = lowering.matmul(name, weights, shared(v));
  return [rank === 3 ? joined(call, y) : y, k, v];
};

/** An input as [batch, head, position, feature]. */
function byHeads(call: Call, i: number, attribute: string): Value {
  const { node, lowering, name } = call;
  const x = call.value(i);
  if (x.dims.length === 4) return x;
  const [batch = 1, positions = 1, all = 1] = x.dims;
  const heads = node.int(attribute, 0);
  if (x.dims.length !== 3 || heads < 1 || all % heads !== 0)
    node.damaged(`its input ${spell(x.dims)} is not of ${heads} heads.`);
  const apart = [batch, positions, heads, all / heads];
  const cut = lowering.reshape(name, x, apart);
  return lowering.transpose(name, cut, [0, 2, 1, 3]);
}

/** [batch, head, position, feature] as [batch, position, all]. */
function joined({ lowering, name }: Call, x: Value): Value {
  const [batch = 1, heads = 1, positions = 1, features = 1] = x.dims;
  const laid = lowering.transpose(name, x, [0, 2, 1, 3]);
  return lowering.reshape(name, laid, [batch, positions, heads * features]);
}

/** Every head so many times, one copy after the other. */
function repeatedHeads(call: Call, x: Value, times: number): Value {
  if (times === 1) return x;
  const { lowering, name } = call;
  const [batch = 1, heads = 1, ...rest] = x.dims;
  const apart = lowering.reshape(name, x, [batch, heads, 1, ...rest]);
  const copied = lowering.expand(name, apart, [batch, heads, times, ...rest]);
  return lowering.reshape(name, copied, [batch, heads * times, ...rest]);
}

/** cap tanh(x / cap) */
function capped(call: Call, x: Value, cap: number): Value {
  if (cap === 0) return x;
  const { lowering, name } = call;
  if (cap < 0) call.node.damaged(`its softcap is ${cap}.`);
  const small = lowering.binary(name, "divide", x, call.scalar(cap));
  const flat = lowering.activation(name, ops.tanh, {}, small);
  return lowering.binary(name, "multiply", flat, call.scalar(cap));
}

/** What is added to the scores; null: nothing. Keys that do not count have float32's lowest number. */
function maskOf(
  call: Call,
  heads: number,
  positions: number,
  keys: number,
): Value | null {
  const { node, folding, lowering, name } = call;
  const given = call.optional(places.mask);
  const causal = node.flag("is_causal")
    ? causalMask(call, positions, keys)
    : null;
  if (!given) return causal;
  if (given.kind === "dynamic")
    return causal ? lowering.binary(name, "add", given, causal) : given;
  const added = folding.map(
    name,
    given,
    (m) =>
      given.type === "bool" ? (m === 0 ? lowest : 0) : Math.max(m, lowest),
    "float",
  );
  const whole = widened(call, added, keys);
  const mask = causal
    ? folding.zip(
        name,
        whole,
        causal,
        (a, b) => Math.max(a + b, lowest),
        "float",
      )
    : whole;
  checkRows(call, mask, mask.dims.at(-1) ?? 1);
  const fits =
    mask.dims.length <= 4 && count(mask.dims) <= heads * positions * keys;
  if (!fits) node.damaged(`its mask is ${spell(mask.dims)}.`);
  return mask;
}

const lowest = -(2 - 2 ** -23) * 2 ** 127;

/** Position i reads keys up to i. */
function causalMask(call: Call, positions: number, keys: number): Constant {
  call.around.make(call.node, positions * keys);
  const data = new Float32Array(positions * keys);
  for (let i = 0; i < positions; i++)
    for (let j = i + 1; j < keys; j++) data[i * keys + j] = lowest;
  return call.lowering.constant([positions, keys], data);
}

/** Keys after the mask's last do not count. */
function widened(call: Call, mask: Constant, keys: number): Constant {
  const own = mask.dims.at(-1) ?? 1;
  if (own === keys || own === 1) return mask;
  if (own > keys) call.node.damaged(`its mask is ${spell(mask.dims)}.`);
  const amounts = mask.dims.map((_, i): [number, number] => [
    0,
    i === mask.dims.length - 1 ? keys - own : 0,
  ]);
  const wide = call.lowering.pad(call.name, mask, amounts, "constant", lowest);
  if (wide.kind !== "constant") throw new RangeError("constants stay constant");
  return wide;
}

/** A position without any key gives 0 in ONNX, and the mean of all values here. */
function checkRows({ node }: Call, { data }: Constant, keys: number): void {
  for (let row = 0; row < data.length; row += keys)
    if (data.subarray(row, row + keys).every((m) => m <= lowest))
      node.refuse(
        "its mask leaves a position no key.",
        "Export the network with a mask that leaves each position one.",
      );
}

/**
 * Pairs of features turned by an angle of their position: cos and sin of it come as [position, pair] tables with the
 * positions as an input, or as [batch, position, pair].
 */
export const rotaryEmbedding: Operator = (call) => {
  const { node, lowering, name } = call;
  const given = call.value(0);
  const isFlat = given.dims.length === 3;
  const x = isFlat ? byHeads(call, 0, "num_heads") : given;
  const [batch = 1, heads = 1, positions = 1, features = 1] = x.dims;
  const asked = node.int("rotary_embedding_dim", 0);
  const turned = asked === 0 ? features : asked;
  const pairs = turned / 2;
  if (x.dims.length !== 4 || !Number.isInteger(pairs) || turned > features)
    node.damaged(`it turns ${turned} of the features of ${spell(x.dims)}.`);
  const [cos, sin] = [
    angles(call, 1, positions, pairs),
    angles(call, 2, positions, pairs),
  ];
  const isInterleaved = node.flag("interleaved");
  const part = (from: number, size: number) =>
    lowering.slice(
      name,
      x,
      [0, 0, 0, from],
      [batch, heads, positions, size],
      [1, 1, 1, 1],
    );
  const front = part(0, turned);
  const split = isInterleaved ? [pairs, 2] : [2, pairs];
  const cut = lowering.reshape(name, front, [
    batch,
    heads,
    positions,
    ...split,
  ]);
  const axis = isInterleaved ? 4 : 3;
  const [a, b] = lowering
    .split(name, cut, [1, 1], axis)
    .map((half) =>
      lowering.reshape(name, half, [batch, heads, positions, pairs]),
    );
  if (!a || !b) throw new RangeError("a split in two gives two");
  const times = (v: Value, by: Value) =>
    lowering.binary(name, "multiply", v, by);
  const halves = [
    lowering.binary(name, "subtract", times(a, cos), times(b, sin)),
    lowering.binary(name, "add", times(a, sin), times(b, cos)),
  ].map((half) =>
    lowering.reshape(name, half, [
      batch,
      heads,
      positions,
      ...(isInterleaved ? [pairs, 1] : [1, pairs]),
    ]),
  );
  const both = lowering.reshape(name, lowering.concat(name, halves, axis), [
    batch,
    heads,
    positions,
    turned,
  ]);
  const y =
    turned === features
      ? both
      : lowering.concat(name, [both, part(turned, features - turned)], 3);
  return isFlat ? joined(call, y) : y;
};

/** A table of cos or sin as [1, 1, position, pair]. */
function angles(
  call: Call,
  i: number,
  positions: number,
  pairs: number,
): Constant {
  const { node, folding, lowering, name } = call;
  const table = call.constant(i, i === 1 ? "cos_cache" : "sin_cache");
  const rows = call.has(3)
    ? lowering.gather(name, table, call.constant(3, "position_ids"), 0)
    : table;
  if (rows.kind !== "constant") throw new RangeError("constants stay constant");
  if (count(rows.dims) !== positions * pairs)
    node.damaged(
      `its table ${spell(table.dims)} is not of ${positions} positions and ${pairs} pairs.`,
    );
  return folding.reshape(rows, [1, 1, positions, pairs]);
}
