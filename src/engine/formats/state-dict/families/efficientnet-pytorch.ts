/** EfficientNet as the package efficientnet_pytorch has it, and its Lite: TensorFlow's padding, names with underscores. */
import { Fault } from "../../../../shared/fault";
import type { Value } from "../../lowering/index";
import { exportAdvice } from "../advice";
import type { Family } from "../family";
import type { Modules } from "../modules";
import { imagenetStem, stageStrides, stemStride } from "../unknowns";
import { activationOf } from "./activations";
import { headPooling, lastLayer } from "./head";
import {
  convNorm,
  sigmoid,
  squeezed,
  swish,
  withResidual,
  type Activation,
} from "./parts";

/** By the number of blocks and the channels of the last. */
const variants: ReadonlyMap<string, readonly [name: string, size: number]> =
  new Map([
    ["16 320", ["efficientnet-b0", 224]],
    ["23 320", ["efficientnet-b1", 240]],
    ["23 352", ["efficientnet-b2", 260]],
    ["26 384", ["efficientnet-b3", 300]],
    ["32 448", ["efficientnet-b4", 380]],
    ["39 512", ["efficientnet-b5", 456]],
    ["45 576", ["efficientnet-b6", 528]],
    ["55 640", ["efficientnet-b7", 600]],
  ]);
/** Lite has neither squeeze and excitation nor swish. */
const lite: typeof variants = new Map([
  ["16 320", ["efficientnet-lite0", 224]],
  ["21 320", ["efficientnet-lite1", 240]],
  ["21 352", ["efficientnet-lite2", 260]],
  ["24 384", ["efficientnet-lite3", 280]],
  ["30 448", ["efficientnet-lite4", 300]],
]);

const epsilon = 1e-3;
/** Of the seven stages. A stage ends where the channels change. */
const published = [1, 2, 2, 2, 1, 2, 1];

export const efficientnetPytorch: Family = {
  title: "efficientnet_pytorch's EfficientNet",

  recognises: (keys) =>
    keys.rank("_conv_stem") === 4 && keys.has("_blocks.0._depthwise_conv"),

  architectures: [[/^efficientnet-(?:b|lite)\d$/i, {}]],

  member(keys, assume) {
    const widths = keys
      .indices("_blocks")
      .map((i) => keys.shape(`_blocks.${i}._project_conv.weight`)?.[0] ?? 0);
    const stages = widths.flatMap((width, i) =>
      i > 0 && width === widths[i - 1] ? [] : [i],
    );
    if (stages.length !== published.length)
      throw new Fault(
        "unsupported-network",
        `The keys are those of ${this.title}, but in ${stages.length} stages in place of ${published.length}: which of them halve the map cannot be seen.`,
        exportAdvice,
      );
    const gated = keys.has("_blocks.0._se_reduce");
    const activation = assume.take(
      gated
        ? activationOf("silu")
        : activationOf("relu6", {
            from: "evidence",
            because:
              "There is no squeeze and excitation, as in EfficientNet-Lite: relu6 is assumed.",
          }),
    );
    const stride = assume.take(stemStride(2, imagenetStem));
    const strides = assume.take(stageStrides(published));
    const pooling = assume.take(headPooling());
    const head = lastLayer(keys, "_fc");
    const [name, size] = (gated ? variants : lite).get(
      `${widths.length} ${widths.at(-1)}`,
    ) ?? [`EfficientNet of ${widths.length} blocks`, 224];
    return {
      name,
      stem: "_conv_stem",
      usual: [size, size],
      async build(m, input) {
        const settings = { padding: "same", epsilon, activation } as const;
        let x = await convNorm(m, ["_conv_stem", "_bn0"], input, {
          ...settings,
          stride,
        });
        for (const i of widths.keys())
          x = await block(m, `_blocks.${i}`, x, {
            stride: strides[stages.indexOf(i)] ?? 1,
            activation,
          });
        x = await convNorm(m, ["_conv_head", "_bn1"], x, settings);
        return m.dense(head, pooling(m, "_avg_pooling", x));
      },
    };
  },
};

async function block(
  m: Modules,
  name: string,
  x: Value,
  { stride, activation }: { stride: number; activation: Activation },
): Promise<Value> {
  const at = (part: string) => `${name}.${part}`;
  const settings = { padding: "same", epsilon } as const;
  let y = x;
  if (m.keys.has(at("_expand_conv")))
    y = await convNorm(m, [at("_expand_conv"), at("_bn0")], y, {
      ...settings,
      activation,
    });
  y = await convNorm(m, [at("_depthwise_conv"), at("_bn1")], y, {
    ...settings,
    stride,
    activation,
  });
  if (m.keys.has(at("_se_reduce")))
    y = await squeezed(m, at("_se"), y, {
      layers: [at("_se_reduce"), at("_se_expand")],
      activation: swish,
      scale: sigmoid,
    });
  y = await convNorm(m, [at("_project_conv"), at("_bn2")], y, settings);
  return withResidual(m, name, x, y, stride);
}
