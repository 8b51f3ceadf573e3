/** MobileNet v2 and MNASNet. Which blocks halve the map is not in the weights: it is assumed as published; widths are free. */
import type { Value } from "../../lowering/index";
import type { Family } from "../family";
import type { Modules } from "../modules";
import { imagenetStem, stageStrides, stemStride } from "../unknowns";
import { activationOf } from "./activations";
import { headPooling, lastLayer } from "./head";
import {
  checkStages,
  otherCount,
  stageOfEach,
  stridesOfBlocks,
} from "./mobile-stages";
import { convNorm, convNormAt, withResidual, type Activation } from "./parts";

/** Blocks of each stage of v2, and the stride that its first takes. */
const stagesOfV2 = [
  { blocks: 1, stride: 1 },
  { blocks: 2, stride: 2 },
  { blocks: 3, stride: 2 },
  { blocks: 4, stride: 2 },
  { blocks: 3, stride: 1 },
  { blocks: 3, stride: 2 },
  { blocks: 1, stride: 1 },
];

export const mobilenetV2: Family = {
  title: "torchvision's MobileNet v2",

  recognises: (keys) =>
    keys.rank("features.0.0") === 4 && keys.has("features.1.conv.0.0.weight"),

  architectures: [[/^mobilenet_v2$/i, {}]],

  member(keys, assume) {
    const stages = stageOfEach(stagesOfV2);
    const blocks = keys.indices("features").length - 2;
    if (blocks !== stages.length)
      throw otherCount(this.title, blocks, [stages.length]);
    checkStages(
      this.title,
      stages,
      stages.map((_, i) => {
        const conv = `features.${i + 1}.conv`;
        const [projection = 0] = keys.indices(conv).slice(-2);
        return keys.shape(`${conv}.${projection}.weight`)?.[0];
      }),
    );
    const activation = assume.take(activationOf("relu6"));
    const stride = assume.take(stemStride(2, imagenetStem));
    const strides = stridesOfBlocks(
      stages,
      assume.take(stageStrides(stagesOfV2.map((stage) => stage.stride))),
    );
    const pooling = assume.take(headPooling());
    const head = lastLayer(keys, "classifier.1", "classifier");
    return {
      name: "mobilenet_v2",
      stem: "features.0.0",
      usual: [224, 224],
      async build(m, input) {
        const settings = { activation };
        let x = await convNormAt(m, "features.0", input, {
          stride,
          ...settings,
        });
        for (const [i, by] of strides.entries())
          x = await blockOfV2(m, `features.${i + 1}`, x, by, activation);
        x = await convNormAt(m, `features.${blocks + 1}`, x, settings);
        return m.dense(head, pooling(m, "avgpool", x));
      },
    };
  },
};

async function blockOfV2(
  m: Modules,
  name: string,
  x: Value,
  stride: number,
  activation: Activation,
) {
  const parts = m.keys.indices(`${name}.conv`);
  // the last two numbers are a bare convolution and its batch norm
  const [conv = 1, norm = 2] = parts.slice(-2);
  let y = x;
  for (const part of parts.slice(0, -2)) {
    const at = `${name}.conv.${part}`;
    y = await convNormAt(m, at, y, {
      stride: m.keys.kernel(`${at}.0`) > 1 ? stride : 1,
      activation,
    });
  }
  y = await convNorm(
    m,
    [`${name}.conv.${conv}`, `${name}.conv.${norm}`],
    y,
    {},
  );
  return withResidual(m, name, x, y, stride);
}

/** Of MNASNet's six stacks. */
const stridesOfMnasnet = [2, 2, 2, 1, 2, 1];

export const mnasnet: Family = {
  title: "torchvision's MNASNet",

  recognises: (keys) =>
    keys.rank("layers.0") === 4 && keys.has("layers.8.0.layers.0.weight"),

  architectures: [[/^mnasnet\d_\d+$/i, {}]],

  member(keys, assume) {
    const activation = assume.take(activationOf("relu"));
    const stride = assume.take(stemStride(2, imagenetStem));
    const strides = assume.take(stageStrides(stridesOfMnasnet));
    const pooling = assume.take(headPooling());
    const head = lastLayer(keys, "classifier.1", "classifier");
    return {
      name: "mnasnet",
      stem: "layers.0",
      usual: [224, 224],
      async build(m, input) {
        const layer = (i: number, x: Value, by: number, bare = false) =>
          convNorm(m, [`layers.${i}`, `layers.${i + 1}`], x, {
            stride: by,
            activation: bare ? null : activation,
          });
        let x = await layer(0, input, stride);
        x = await layer(3, x, 1);
        x = await layer(6, x, 1, true);
        for (const [i, by] of strides.entries()) {
          const stack = `layers.${8 + i}`;
          for (const block of m.keys.indices(stack))
            x = await blockOfMnasnet(m, `${stack}.${block}`, x, {
              stride: block === 0 ? by : 1,
              activation,
            });
        }
        x = await layer(14, x, 1);
        return m.dense(head, pooling(m, "mean", x));
      },
    };
  },
};

async function blockOfMnasnet(
  m: Modules,
  name: string,
  x: Value,
  {
    stride,
    activation,
  }: { readonly stride: number; readonly activation: Activation },
): Promise<Value> {
  const layer = (i: number, y: Value, by: number, bare = false) =>
    convNorm(m, [`${name}.layers.${i}`, `${name}.layers.${i + 1}`], y, {
      stride: by,
      activation: bare ? null : activation,
    });
  let y = await layer(0, x, 1);
  y = await layer(3, y, stride);
  y = await layer(6, y, 1, true);
  return withResidual(m, name, x, y, stride);
}
