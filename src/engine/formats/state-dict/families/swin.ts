/** Swin and Swin v2, as torchvision has them: attention within windows, which every second block shifts. */
import type { Constant, Value } from "../../lowering/index";
import type { Family } from "../family";
import type { Keys } from "../keys";
import type { Modules } from "../modules";
import { activationOf } from "./activations";
import { headPooling, lastLayer } from "./head";
import type { Activation } from "./parts";
import {
  continuousPositions,
  fromWindows,
  inWindows,
  padded,
  relativePositions,
  shiftMask,
  windowsOf,
} from "./swin-windows";
import { swinSpelling } from "./transformers-names";

const epsilon = 1e-5;

export const swin: Family = {
  title: "torchvision's Swin",

  recognises: (keys) =>
    keys.rank("features.0.0") === 4 && keys.has("features.1.0.attn.qkv.weight"),

  architectures: [[/^swin_(?:v2_)?[tsb]$/i, {}]],

  member(keys, assume) {
    const stages = keys.indices("features").filter((i) => i % 2 === 1);
    const blocks = stages.map((i) => keys.indices(`features.${i}`).length);
    const second = isSecond(keys);
    const patch = keys.kernel("features.0.0");
    const activation = assume.take(activationOf("gelu"));
    const pooling = assume.take(headPooling());
    const head = lastLayer(keys, "head");
    return {
      name: `swin${second ? "_v2" : ""} of ${blocks.join("-")} blocks, ${keys.shape("features.0.0.weight")?.[0]} wide`,
      stem: "features.0.0",
      usual: second ? [256, 256] : [224, 224],
      ignored: /\.relative_(position_index|coords_table)$/,
      async build(m, input) {
        const { lowering } = m;
        let x = await m.conv("features.0.0", input, {
          stride: patch,
          padding: 0,
        });
        x = lowering.transpose("features.0.1", x, [0, 2, 3, 1]);
        x = await m.layerNorm("features.0.2", x, epsilon);
        for (const [index, stage] of stages.entries()) {
          const name = `features.${stage}`;
          if (index > 0)
            x = await merged(m, `features.${stage - 1}`, x, second);
          for (let i = 0; i < (blocks[index] ?? 0); i++)
            x = await block(m, `${name}.${i}`, x, {
              second,
              shifts: i % 2 === 1,
              activation,
            });
        }
        x = await m.layerNorm("norm", x, epsilon);
        x = lowering.transpose("permute", x, [0, 3, 1, 2]);
        return m.dense(head, pooling(m, "avgpool", x));
      },
    };
  },
};

export const transformersSwin: Family = {
  ...swin,
  title: "Hugging Face's Swin",

  recognises: (keys) =>
    keys.rank("swin.embeddings.patch_embeddings.projection") === 4 &&
    keys.has("swin.encoder.layers.0.blocks.0.layernorm_before"),

  spelling: swinSpelling,

  architectures: [[/^SwinForImageClassification$/, {}]],
};

function isSecond(keys: Keys): boolean {
  return keys.has("features.1.0.attn.logit_scale");
}

/** Four neighbours [1, height, width, channel] become one pixel of twice the channels. */
async function merged(m: Modules, name: string, map: Value, second: boolean) {
  const { lowering } = m;
  const [, height = 1, width = 1] = map.dims;
  const odd = [height % 2, width % 2] as const;
  const x = padded(m, name, map, odd);
  const [, rows = 1, columns = 1, channels = 1] = x.dims;
  const size = [1, rows / 2, columns / 2, channels];
  const corner = (row: number, column: number) =>
    lowering.slice(name, x, [0, row, column, 0], size, [1, 2, 2, 1]);
  const corners = [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)];
  const all = lowering.concat(name, corners, 3);
  if (second)
    return m.layerNorm(
      `${name}.norm`,
      await m.dense(`${name}.reduction`, all),
      epsilon,
    );
  const normed = await m.layerNorm(`${name}.norm`, all, epsilon);
  return m.dense(`${name}.reduction`, normed);
}

interface BlockSettings {
  /** v2: norms come after, and attention is by angles. */
  readonly second: boolean;
  readonly shifts: boolean;
  readonly activation: Activation;
}

async function block(
  m: Modules,
  name: string,
  x: Value,
  settings: BlockSettings,
): Promise<Value> {
  const { second, activation } = settings;
  const norm = (part: string, value: Value) =>
    m.layerNorm(`${name}.${part}`, value, epsilon);
  const mlp = async (value: Value) => {
    const wide = await m.dense(`${name}.mlp.0`, value);
    return m.dense(`${name}.mlp.3`, activation(m, `${name}.mlp.1`, wide));
  };
  const attended = second
    ? await norm("norm1", await attention(m, `${name}.attn`, x, settings))
    : await attention(m, `${name}.attn`, await norm("norm1", x), settings);
  const middle = m.add(`${name}/attended`, x, attended);
  const y = second
    ? await norm("norm2", await mlp(middle))
    : await mlp(await norm("norm2", middle));
  return m.add(`${name}/add`, middle, y);
}

async function attention(
  m: Modules,
  name: string,
  map: Value,
  { second, shifts }: BlockSettings,
): Promise<Value> {
  const { lowering } = m;
  const positions = second
    ? await continuousPositions(m, name)
    : await relativePositions(m, name);
  const { heads, window } = positions;
  const windows = windowsOf(map.dims, window, shifts);
  const x = inWindows(m, name, map, windows);
  const [count = 1, tokens = 1, channels = 1] = x.dims;
  const all = await m.dense(`${name}.qkv`, x, {
    bias: second ? await withoutKeys(m, `${name}.qkv.bias`) : undefined,
  });
  const depth = channels / heads;
  const [query = x, key = x, value = x] = lowering
    .split(name, all, [channels, channels, channels], 2)
    .map((part) =>
      lowering.transpose(
        name,
        lowering.reshape(name, part, [count, tokens, heads, depth]),
        [0, 2, 1, 3],
      ),
    );
  let weights = second
    ? await byAngle(m, name, query, key)
    : lowering.matmul(
        name,
        m.multiply(name, query, scalar(m, 1 / Math.sqrt(depth))),
        key,
        { transposeB: true },
      );
  weights = m.add(`${name}/positions`, weights, positions.bias);
  const mask = shiftMask(m, windows);
  if (mask) weights = m.add(`${name}/mask`, weights, mask);
  weights = lowering.softmax(`${name}/softmax`, weights, 3);
  let y = lowering.matmul(name, weights, value);
  y = lowering.transpose(name, y, [0, 2, 1, 3]);
  y = lowering.reshape(name, y, [count, tokens, channels]);
  return fromWindows(m, name, await m.dense(`${name}.proj`, y), windows);
}

/** Cosines of the angles between queries and keys, times a factor of each head. */
async function byAngle(m: Modules, name: string, query: Value, key: Value) {
  const { lowering } = m;
  const unit = (x: Value) => {
    const squares = lowering.unary(name, "square", x);
    const sum = lowering.reduce(name, "sum", squares, [3], true);
    const length = lowering.unary(name, "sqrt", sum);
    const safe = lowering.binary(name, "maximum", length, scalar(m, 1e-12));
    return lowering.binary(name, "divide", x, safe);
  };
  const cosines = lowering.matmul(name, unit(query), unit(key), {
    transposeB: true,
  });
  const { dims, data } = await m.parameter(`${name}.logit_scale`, 3);
  const factors = Float32Array.from(data, (scale) =>
    Math.exp(Math.min(scale, Math.log(100))),
  );
  return m.multiply(
    `${name}.logit_scale`,
    cosines,
    lowering.constant(dims, factors),
  );
}

/** v2 leaves the keys' part of the bias out. */
async function withoutKeys(m: Modules, key: string): Promise<Constant> {
  const { dims, data } = await m.parameter(key, 1);
  const third = data.length / 3;
  const kept = Float32Array.from(data, (value, i) =>
    i >= third && i < 2 * third ? 0 : value,
  );
  return m.lowering.constant(dims, kept);
}

function scalar(m: Modules, value: number): Constant {
  return m.lowering.constant([1], Float32Array.of(value));
}
