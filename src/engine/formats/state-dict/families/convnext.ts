/** ConvNeXt under its four spellings: torchvision's, timm's, transformers' and the one it was published with. */
import type { Value } from "../../lowering/index";
import type { Family } from "../family";
import type { Keys } from "../keys";
import type { Modules } from "../modules";
import { stemStride } from "../unknowns";
import { activationOf } from "./activations";
import { headPooling, lastLayer } from "./head";
import type { Activation } from "./parts";

/** Of a block: where its layers are, below its own name. */
interface BlockNames {
  readonly conv: string;
  readonly norm: string;
  readonly wide: string;
  readonly narrow: string;
  /** The factor of each channel, which may be missing. */
  readonly scale: string;
}

interface Spelling {
  /** A 4x4 convolution and a norm. */
  readonly stem: readonly [string, string];
  /** The blocks of stage i lie under this. */
  readonly stage: (i: number) => string;
  readonly block: BlockNames;
  /** A norm and a 2x2 convolution before stage i, from 1 on. */
  readonly between: (i: number) => readonly [string, string];
  /** A norm and a linear layer. */
  readonly head: readonly [string, string];
  /** Of the norm in the head, where it is another than that of all others. */
  readonly lastEpsilon?: number;
}

const torchvision: Spelling = {
  stem: ["features.0.0", "features.0.1"],
  stage: (i) => `features.${2 * i + 1}`,
  block: {
    conv: "block.0",
    norm: "block.2",
    wide: "block.3",
    narrow: "block.5",
    scale: "layer_scale",
  },
  between: (i) => [`features.${2 * i}.0`, `features.${2 * i}.1`],
  head: ["classifier.0", "classifier.2"],
};

const timm: Spelling = {
  stem: ["stem.0", "stem.1"],
  stage: (i) => `stages.${i}.blocks`,
  block: {
    conv: "conv_dw",
    norm: "norm",
    wide: "mlp.fc1",
    narrow: "mlp.fc2",
    scale: "gamma",
  },
  between: (i) => [`stages.${i}.downsample.0`, `stages.${i}.downsample.1`],
  head: ["head.norm", "head.fc"],
};

const published: Spelling = {
  stem: ["downsample_layers.0.0", "downsample_layers.0.1"],
  stage: (i) => `stages.${i}`,
  block: {
    conv: "dwconv",
    norm: "norm",
    wide: "pwconv1",
    narrow: "pwconv2",
    scale: "gamma",
  },
  between: (i) => [`downsample_layers.${i}.0`, `downsample_layers.${i}.1`],
  head: ["norm", "head"],
};

const transformers: Spelling = {
  stem: ["embeddings.patch_embeddings", "embeddings.layernorm"],
  stage: (i) => `encoder.stages.${i}.layers`,
  block: {
    conv: "dwconv",
    norm: "layernorm",
    wide: "pwconv1",
    narrow: "pwconv2",
    scale: "layer_scale_parameter",
  },
  between: (i) => [
    `encoder.stages.${i}.downsampling_layer.0`,
    `encoder.stages.${i}.downsampling_layer.1`,
  ],
  head: ["layernorm", "classifier"],
  lastEpsilon: 1e-12,
};

const epsilon = 1e-6;

export const convnext: Family = {
  title: "torchvision's and timm's ConvNeXt",

  recognises: (keys) =>
    spellingOf(keys) !== null ||
    keys.kernel("convnext.embeddings.patch_embeddings") === 4,

  // transformers' body lies under its name, and its last layer beside it
  spelling: (key) => key.replace(/^convnext\./, ""),

  architectures: [
    // another norm, other kernels
    [/^convnext_zepto/, null],
    [/^(?:convnext_|ConvNext(?:Model|ForImageClassification)$)/, {}],
  ],

  member(keys, assume) {
    const names = spellingOf(keys) ?? torchvision;
    const blocks: number[] = [];
    for (let i = 0; keys.has(names.stage(i)); i++)
      blocks.push(keys.indices(names.stage(i)).length);
    const [stem, norm] = names.stem;
    const [width = 0] = keys.shape(`${stem}.weight`) ?? [];
    const activation = assume.take(activationOf("gelu"));
    const stride = assume.take(
      stemStride(4, {
        because:
          "The first convolution is assumed to step by its own size of 4, as published.",
      }),
    );
    const pooling = assume.take(headPooling());
    const [last, own] = names.head;
    const head = lastLayer(keys, own);
    return {
      name:
        variants.get(`${blocks.join("-")} ${width}`) ??
        `ConvNeXt of ${blocks.join("-")} blocks`,
      stem,
      usual: [224, 224],
      async build(m, input) {
        let x = await m.conv(stem, input, { stride, padding: 0 });
        x = await normOfMap(m, norm, x);
        for (const [i, count] of blocks.entries()) {
          if (i > 0) {
            const [before, conv] = names.between(i);
            x = await normOfMap(m, before, x);
            x = await m.conv(conv, x, { stride: 2, padding: 0 });
          }
          for (let j = 0; j < count; j++)
            x = await block(m, `${names.stage(i)}.${j}`, names.block, {
              x,
              activation,
            });
        }
        x = pooling(m, "avgpool", x);
        x = await m.layerNorm(last, x, names.lastEpsilon ?? epsilon);
        return m.dense(head, x);
      },
    };
  },
};

const variants: ReadonlyMap<string, string> = new Map([
  ["3-3-9-3 96", "convnext_tiny"],
  ["3-3-27-3 96", "convnext_small"],
  ["3-3-27-3 128", "convnext_base"],
  ["3-3-27-3 192", "convnext_large"],
]);

function spellingOf(keys: Keys): Spelling | null {
  const fits = ({
    stem: [conv],
    stage,
    block: { conv: own, wide },
  }: Spelling) =>
    keys.kernel(conv) === 4 &&
    keys.rank(`${stage(0)}.0.${own}`) === 4 &&
    // timm's small ones have convolutions of one pixel in the place of linear layers
    [2, 4].includes(keys.rank(`${stage(0)}.0.${wide}`));
  return [torchvision, timm, published, transformers].find(fits) ?? null;
}

/** Over the channels of each pixel of a map [1, channel, height, width]. */
async function normOfMap(m: Modules, name: string, x: Value): Promise<Value> {
  const pixels = m.lowering.transpose(`${name}/pixels`, x, [0, 2, 3, 1]);
  const normed = await m.layerNorm(name, pixels, epsilon);
  return m.lowering.transpose(`${name}/map`, normed, [0, 3, 1, 2]);
}

async function block(
  m: Modules,
  name: string,
  names: BlockNames,
  { x, activation }: { readonly x: Value; readonly activation: Activation },
): Promise<Value> {
  const at = (part: string) => `${name}.${part}`;
  let y = await m.conv(at(names.conv), x);
  y = m.lowering.transpose(`${name}/pixels`, y, [0, 2, 3, 1]);
  y = await m.layerNorm(at(names.norm), y, epsilon);
  y = await pixelwise(m, at(names.wide), y);
  y = await pixelwise(m, at(names.narrow), activation(m, `${name}/gelu`, y));
  const scale = m.keys.shape(at(names.scale));
  if (scale) {
    // [channel], or torchvision's [channel, 1, 1]
    const { data } = await m.parameter(at(names.scale), scale.length);
    const factor = m.lowering.constant([data.length], data);
    y = m.multiply(at(names.scale), y, factor);
  }
  y = m.lowering.transpose(`${name}/map`, y, [0, 3, 1, 2]);
  return m.add(`${name}/add`, x, y);
}

/** A linear layer over the channels of [1, height, width, channel], or a convolution of one pixel that is the same. */
async function pixelwise(m: Modules, name: string, x: Value): Promise<Value> {
  if (m.keys.rank(name) !== 4) return m.dense(name, x);
  const map = m.lowering.transpose(`${name}/map`, x, [0, 3, 1, 2]);
  const y = await m.conv(name, map);
  return m.lowering.transpose(`${name}/pixels`, y, [0, 2, 3, 1]);
}
