/** EfficientNet B0 to B7 and v2, as torchvision has them. */
import { Fault } from "../../../../shared/fault";
import { exportAdvice } from "../advice";
import type { Family } from "../family";
import type { Keys } from "../keys";
import { imagenetStem, stageStrides, stemStride } from "../unknowns";
import { activationOf } from "./activations";
import { headPooling, lastLayer } from "./head";
import { convNormAt, invertedResidual, sigmoid, swish } from "./parts";

interface Variant {
  readonly name: string;
  readonly size: number;
}

/** By the blocks of each stage; B1 and B2 have the same, and B2 has more features before the last layer. */
const variants: ReadonlyMap<string, Variant> = new Map([
  ["1-2-2-3-3-4-1", { name: "efficientnet_b0", size: 224 }],
  ["2-3-3-4-4-5-2", { name: "efficientnet_b1", size: 240 }],
  ["2-3-3-5-5-6-2", { name: "efficientnet_b3", size: 300 }],
  ["2-4-4-6-6-8-2", { name: "efficientnet_b4", size: 380 }],
  ["3-5-5-7-7-9-3", { name: "efficientnet_b5", size: 456 }],
  ["3-6-6-8-8-11-3", { name: "efficientnet_b6", size: 528 }],
  ["4-7-7-10-10-13-4", { name: "efficientnet_b7", size: 600 }],
  ["2-4-4-6-9-15", { name: "efficientnet_v2_s", size: 384 }],
  ["3-5-5-7-14-18-5", { name: "efficientnet_v2_m", size: 480 }],
  ["4-7-7-10-19-25-7", { name: "efficientnet_v2_l", size: 480 }],
]);
const b2: Variant = { name: "efficientnet_b2", size: 288 };

/** Of the stages, in every variant; v2's small one has no last. */
const published = [1, 2, 2, 2, 1, 2, 1];

export const efficientnet: Family = {
  title: "torchvision's EfficientNet",

  recognises: (keys) =>
    keys.rank("features.0.0") === 4 &&
    keys.has("features.1.0.block.0.0.weight"),

  architectures: [[/^efficientnet_(?:b\d|v2_[sml])$/i, {}]],

  member(keys, assume) {
    const stages = keys.indices("features").slice(1, -1);
    const blocks = stages.map((i) => keys.indices(`features.${i}`).length);
    const sizes = blocks.join("-");
    if (stages.length !== 6 && stages.length !== 7)
      throw new Fault(
        "unsupported-network",
        `The keys are those of ${this.title}, but in ${stages.length} stages in place of 6 or 7: which of them halve the map cannot be seen.`,
        exportAdvice,
      );
    const known = variants.get(sizes);
    const head = lastLayer(keys, "classifier.1", "classifier");
    const [, features = 0] = keys.shape(`${head}.weight`) ?? [];
    const variant =
      known?.name === "efficientnet_b1" && features > 1280 ? b2 : known;
    const epsilon = isLoose(keys, blocks) ? 1e-3 : 1e-5;
    const activation = assume.take(activationOf("silu"));
    const stride = assume.take(stemStride(2, imagenetStem));
    const strides = assume.take(
      stageStrides(published.slice(0, stages.length)),
    );
    const pooling = assume.take(headPooling());
    const settings = { epsilon, activation };
    return {
      name: variant?.name ?? `EfficientNet of ${sizes} blocks`,
      stem: "features.0.0",
      usual: variant ? [variant.size, variant.size] : [224, 224],
      async build(m, input) {
        let x = await convNormAt(m, "features.0", input, {
          stride,
          ...settings,
        });
        for (const [index, stage] of stages.entries())
          for (const i of m.keys.indices(`features.${stage}`))
            x = await invertedResidual(m, `features.${stage}.${i}`, x, {
              ...settings,
              stride: i === 0 ? (strides[index] ?? 1) : 1,
              gate: { activation: swish, scale: sigmoid },
            });
        x = await convNormAt(m, `features.${stages.length + 1}`, x, settings);
        return m.dense(head, pooling(m, "avgpool", x));
      },
    };
  },
};

/** B5 to B7, and all of v2, which begins with a whole 3x3 convolution: their batch norms have an epsilon of 0.001. */
function isLoose(keys: Keys, blocks: readonly number[]): boolean {
  const shape = keys.shape("features.1.0.block.0.0.weight");
  return (blocks[0] ?? 0) >= 3 || (shape?.[1] ?? 1) > 1;
}
