/** Vision transformers: torchvision's, and timm's with their names, DeiT among them. */
import { Fault } from "../../../../shared/fault";
import * as ops from "../../../network/ops/index";
import type { Value } from "../../lowering/index";
import { exportAdvice } from "../advice";
import type { Assumptions } from "../assumptions";
import type { Family, Member } from "../family";
import type { Keys } from "../keys";
import type { Modules } from "../modules";
import { heads } from "../unknowns";
import { activationOf } from "./activations";
import { lastLayer } from "./head";
import { block, type BlockNames } from "./vit-blocks";
import { vitSpelling } from "./transformers-names";
import { timmArchitectures } from "./vit-names";
import { tokenPooling, type TokenPooling } from "./vit-pooling";

interface Names {
  readonly patches: string;
  /** Tokens before those of the patches, as far as there are any. */
  readonly tokens: readonly string[];
  readonly positions: string;
  readonly blocks: string;
  readonly block: BlockNames;
  /** What stands before a block's number. */
  readonly numbered: string;
  /** Over the tokens before they are pooled, as far as it is there. */
  readonly norm: string;
  /** Over what they are pooled to, as far as it is there. */
  readonly pooledNorm: string;
  /** Of every norm. */
  readonly epsilon: number;
}

const torchvision: Names = {
  patches: "conv_proj",
  tokens: ["class_token"],
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
  pooledNorm: "encoder.fc_norm",
  epsilon: 1e-6,
};

const timm: Names = {
  patches: "patch_embed.proj",
  tokens: ["cls_token", "dist_token", "reg_token"],
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
  pooledNorm: "fc_norm",
  epsilon: 1e-6,
};

/** Once they are spelled as timm spells them. */
const transformers: Names = { ...timm, epsilon: 1e-12 };

export const vit: Family = {
  title: "torchvision's Vision Transformer",

  recognises: (keys) =>
    keys.rank("conv_proj") === 4 && keys.has("encoder.pos_embedding"),

  // as torchvision called them before 0.13
  spelling: (key) =>
    key
      .replace(/\.mlp\.linear_1\./, ".mlp.0.")
      .replace(/\.mlp\.linear_2\./, ".mlp.3."),

  architectures: [[/^vit_[blh]_\d+$/i, {}]],

  member(keys, assume) {
    const before = keys.has("heads.pre_logits");
    const last = before ? "heads.head" : lastLayer(keys, "heads.head", "heads");
    return memberOf(keys, torchvision, "vit", assume, async (m, features) => {
      let [x = m.lowering.constant([0], new Float32Array())] = features;
      if (before) {
        x = await m.dense("heads.pre_logits", x);
        x = m.smooth("heads.act", ops.tanh, x);
      }
      return m.dense(last, x);
    });
  },
};

export const timmVit: Family = {
  title: "timm's Vision Transformer",

  recognises: (keys) =>
    keys.rank("patch_embed.proj") === 4 &&
    keys.has("pos_embed") &&
    keys.has("blocks.0.attn.qkv.weight"),

  architectures: timmArchitectures,

  member(keys, assume) {
    const last = lastLayer(keys, "head");
    return {
      ...memberOf(keys, timm, "timm's vit", assume, (m, features) =>
        classified(m, features, [last, "head_dist"]),
      ),
      preprocessing: {
        preset: "signed",
        because:
          "The keys are those of timm's Vision Transformer, most of which are trained with pixels in -1..1; DeiT has the same keys and ImageNet's mean and std.",
      },
    };
  },
};

export const transformersVit: Family = {
  title: "Hugging Face's Vision Transformer",

  recognises: (keys) =>
    ["vit", "deit"].some(
      (name) =>
        keys.rank(`${name}.embeddings.patch_embeddings.projection`) === 4 &&
        keys.has(`${name}.embeddings.cls_token`),
    ),

  spelling: vitSpelling,

  architectures: [[/^(?:ViT|DeiT)ForImageClassification(?:WithTeacher)?$/, {}]],

  member(keys, assume) {
    const last = lastLayer(keys, "head");
    return {
      ...memberOf(keys, transformers, "vit", assume, (m, features) =>
        classified(m, features, [last, "head_dist"]),
      ),
      preprocessing: {
        preset: "signed",
        because:
          "Hugging Face's Vision Transformers are usually trained with pixels in -1..1; DeiT has ImageNet's mean and std.",
      },
    };
  },
};

/** The mean of what each of the features' own layer says: a distilled DeiT has two. */
async function classified(
  m: Modules,
  features: readonly Value[],
  layers: readonly string[],
): Promise<Value> {
  const [first, second] = features;
  const [own = "head", other = ""] = layers;
  if (!first) throw new RangeError("no features");
  const logits = await m.dense(own, first);
  if (!second) return logits;
  const sum = m.add("heads", logits, await m.dense(other, second));
  return m.scale("heads/mean", sum, 0.5);
}

function memberOf(
  keys: Keys,
  names: Names,
  kind: string,
  assume: Assumptions,
  head: (m: Modules, features: readonly Value[]) => Promise<Value>,
): Member {
  const [width = 0, , patch = 0] = keys.shape(`${names.patches}.weight`) ?? [];
  const tokens = names.tokens.filter((token) => keys.has(token));
  const prefix = tokens.reduce(
    (count, token) => count + (keys.shape(token)?.[1] ?? 0),
    0,
  );
  const [, count = 0] = keys.shape(names.positions) ?? [];
  // positions of the patches alone (DeiT III), or of all tokens
  const whole = Number.isInteger(Math.sqrt(count - prefix));
  const side = Math.sqrt(whole ? count - prefix : count);
  if (!Number.isInteger(side) || side < 1)
    throw new Fault(
      "unsupported-network",
      `The weights "${names.positions}" are for ${count} tokens, which are no square of patches and a class token.`,
      exportAdvice,
    );
  const settings = {
    heads: assume.take(heads(width, headsOf(width))),
    activation: assume.take(activationOf("gelu")),
    epsilon: names.epsilon,
  };
  const pool = poolingOf(keys, names, assume);
  const depth = keys.below(names.blocks).length;
  const size = side * patch;
  return {
    name: `${kind} of ${depth} blocks, ${width} wide, patches of ${patch}`,
    stem: names.patches,
    usual: [size, size],
    fixed: [size, size],
    async build(m, input) {
      const { lowering } = m;
      let x = await m.conv(names.patches, input, { stride: patch, padding: 0 });
      x = lowering.reshape("tokens", x, [1, width, side * side]);
      x = lowering.transpose("tokens", x, [0, 2, 1]);
      const positions = await m.parameter(names.positions, 3);
      if (!whole) x = m.add("positions", x, positions);
      const before = [];
      for (const token of tokens) before.push(await m.parameter(token, 3));
      if (before.length > 0) x = lowering.concat("tokens", [...before, x], 1);
      if (whole) x = m.add("positions", x, positions);
      for (let i = 0; i < depth; i++) {
        const name = `${names.blocks}.${names.numbered}${i}`;
        x = await block(m, name, names.block, x, settings);
      }
      // a norm is each token's own: those that are read on are enough
      const norm = (y: Value) => normed(m, names.norm, y, names.epsilon);
      const pooled = await pool(m, x, prefix, norm);
      const features = [];
      for (const y of pooled)
        features.push(await normed(m, names.pooledNorm, y, names.epsilon));
      return head(m, features);
    },
  };
}

function poolingOf(
  keys: Keys,
  names: Names,
  assume: Assumptions,
): TokenPooling["pool"] {
  const [first = ""] = names.tokens;
  const pooling = tokenPooling({
    distilled: keys.has("dist_token"),
    hasClass: keys.has(first),
    normsPooled: keys.has(names.pooledNorm) && !keys.has(names.norm),
  });
  return pooling.unknown ? assume.take(pooling.unknown) : pooling.pool;
}

async function normed(
  m: Modules,
  name: string,
  x: Value,
  epsilon: number,
): Promise<Value> {
  return m.keys.has(name) ? m.layerNorm(name, x, epsilon) : x;
}

/** One for every 64 features in most published ones; the huge ones have 16. */
function headsOf(width: number): number {
  const published = huge.get(width);
  if (published !== undefined) return published;
  let count = Math.max(1, Math.floor(width / 64));
  while (width % count !== 0) count--;
  return count;
}

const huge: ReadonlyMap<number, number> = new Map([
  [1152, 16],
  [1280, 16],
  [1408, 16],
  [1664, 16],
]);
