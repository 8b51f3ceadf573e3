/** Vision transformers: torchvision's, and timm's with their names. */
import { Fault } from "../../../../shared/fault";
import * as ops from "../../../network/ops/index";
import type { Value } from "../../lowering/index";
import { exportAdvice } from "../advice";
import type { Family, Member } from "../family";
import type { Keys } from "../keys";
import type { Modules } from "../modules";
import { gelu } from "./parts";

interface Names {
  readonly patches: string;
  readonly token: string;
  readonly positions: string;
  readonly blocks: string;
  /** Below a block. */
  readonly block: {
    readonly norms: readonly [string, string];
    /** Weight and bias of queries, keys and values at once. */
    readonly query: readonly [weight: string, bias: string];
    readonly project: string;
    readonly mlp: readonly [string, string];
  };
  /** What stands before a block's number. */
  readonly numbered: string;
  readonly norm: string;
}

const torchvision: Names = {
  patches: "conv_proj",
  token: "class_token",
  positions: "encoder.pos_embedding",
  blocks: "encoder.layers",
  numbered: "encoder_layer_",
  block: {
    norms: ["ln_1", "ln_2"],
    query: ["self_attention.in_proj_weight", "self_attention.in_proj_bias"],
    project: "self_attention.out_proj",
    mlp: ["mlp.0", "mlp.3"],
  },
  norm: "encoder.ln",
};

const timm: Names = {
  patches: "patch_embed.proj",
  token: "cls_token",
  positions: "pos_embed",
  blocks: "blocks",
  numbered: "",
  block: {
    norms: ["norm1", "norm2"],
    query: ["attn.qkv.weight", "attn.qkv.bias"],
    project: "attn.proj",
    mlp: ["mlp.fc1", "mlp.fc2"],
  },
  norm: "norm",
};

const epsilon = 1e-6;

export const vit: Family = {
  title: "torchvision's Vision Transformer",

  recognises: (keys) =>
    keys.rank("conv_proj") === 4 && keys.has("encoder.pos_embedding"),

  // as torchvision called them before 0.13
  spelling: (key) =>
    key
      .replace(/\.mlp\.linear_1\./, ".mlp.0.")
      .replace(/\.mlp\.linear_2\./, ".mlp.3."),

  member: (keys) =>
    memberOf(keys, torchvision, "vit", async (m, token) => {
      let x = token;
      if (m.keys.has("heads.pre_logits")) {
        x = await m.dense("heads.pre_logits", x);
        x = m.smooth("heads.act", ops.tanh, x);
      }
      return m.dense("heads.head", x);
    }),
};

export const timmVit: Family = {
  title: "timm's Vision Transformer",

  recognises: (keys) =>
    keys.rank("patch_embed.proj") === 4 &&
    keys.has("cls_token") &&
    keys.has("pos_embed") &&
    keys.has("blocks.0.attn.qkv.weight"),

  member: (keys) => ({
    ...memberOf(keys, timm, "timm's vit", (m, token) => m.dense("head", token)),
    preprocessing: {
      preset: "signed",
      because:
        "The keys are those of timm's Vision Transformer, most of which are trained with pixels in -1..1; DeiT has the same keys and ImageNet's mean and std.",
    },
  }),
};

function memberOf(
  keys: Keys,
  names: Names,
  kind: string,
  head: (m: Modules, token: Value) => Promise<Value>,
): Member {
  const [width = 0, , patch = 0] = keys.shape(`${names.patches}.weight`) ?? [];
  const [, count = 0] = keys.shape(names.positions) ?? [];
  const side = Math.sqrt(count - 1);
  if (!Number.isInteger(side) || side < 1)
    throw new Fault(
      "unsupported-network",
      `The weights "${names.positions}" are for ${count} tokens, which are no square of patches and a class token.`,
      exportAdvice,
    );
  const heads = headsOf(width);
  const depth = keys.below(names.blocks).length;
  const size = side * patch;
  return {
    name: `${kind} of ${depth} blocks, ${width} wide, patches of ${patch}`,
    stem: names.patches,
    usual: [size, size],
    fixed: [size, size],
    warnings: [
      `The weights do not tell how many heads attend; it is taken as ${heads}, as usual for a width of ${width}.`,
    ],
    async build(m, input) {
      const { lowering } = m;
      let x = await m.conv(names.patches, input, { stride: patch, padding: 0 });
      x = lowering.reshape("tokens", x, [1, width, side * side]);
      x = lowering.transpose("tokens", x, [0, 2, 1]);
      const token = await m.parameter(names.token, 3);
      x = lowering.concat("tokens", [token, x], 1);
      x = m.add("positions", x, await m.parameter(names.positions, 3));
      for (let i = 0; i < depth; i++)
        x = await block(m, `${names.blocks}.${names.numbered}${i}`, names, {
          x,
          heads,
        });
      // the class token's alone is read on; the norm is each token's own
      x = lowering.slice("class", x, [0, 0, 0], [1, 1, width], [1, 1, 1]);
      x = await m.layerNorm(names.norm, x, epsilon);
      return head(m, lowering.reshape("class", x, [1, width]));
    },
  };
}

/** One for every 64 features in all published ones but the huge, which have 16 for 1280. */
function headsOf(width: number): number {
  if (width === 1280) return 16;
  return Math.max(1, Math.floor(width / 64));
}

async function block(
  m: Modules,
  name: string,
  { block: names }: Names,
  { x, heads }: { readonly x: Value; readonly heads: number },
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
  y = gelu(m, `${name}/gelu`, await m.dense(at(wide), y));
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
