/**
 * MobileNet v2 and v3, MNASNet. Which blocks halve the map, and which activation a block has, is not in the weights:
 * it is the published networks', block by block; widths are free.
 */
import { Fault } from "../../../../shared/fault";
import type { Value } from "../../lowering/index";
import { exportAdvice } from "../advice";
import type { Family } from "../family";
import type { Modules } from "../modules";
import {
  convNorm,
  convNormAt,
  hardSigmoid,
  hardSwish,
  invertedResidual,
  relu,
  relu6,
  withResidual,
} from "./parts";

/** Blocks of each stage of v2; the first of a stage takes its stride. */
const stagesOfV2 = [
  { blocks: 1, stride: 1 },
  { blocks: 2, stride: 2 },
  { blocks: 3, stride: 2 },
  { blocks: 4, stride: 2 },
  { blocks: 3, stride: 1 },
  { blocks: 3, stride: 2 },
  { blocks: 1, stride: 1 },
];
const stridesOfV2 = stagesOfV2.flatMap(({ blocks, stride }) =>
  Array.from({ length: blocks }, (_, i) => (i === 0 ? stride : 1)),
);

export const mobilenetV2: Family = {
  title: "torchvision's MobileNet v2",

  recognises: (keys) =>
    keys.rank("features.0.0") === 4 && keys.has("features.1.conv.0.0.weight"),

  member(keys) {
    const blocks = keys.indices("features").length - 2;
    if (blocks !== stridesOfV2.length)
      throw otherCount(this.title, blocks, [stridesOfV2.length]);
    return {
      name: "mobilenet_v2",
      stem: "features.0.0",
      usual: [224, 224],
      async build(m, input) {
        let x = await convNormAt(m, "features.0", input, {
          stride: 2,
          activation: relu6,
        });
        for (const [i, stride] of stridesOfV2.entries())
          x = await blockOfV2(m, `features.${i + 1}`, x, stride);
        x = await convNormAt(m, `features.${blocks + 1}`, x, {
          activation: relu6,
        });
        return m.dense("classifier.1", m.globalAverage("avgpool", x));
      },
    };
  },
};

async function blockOfV2(m: Modules, name: string, x: Value, stride: number) {
  const parts = m.keys.indices(`${name}.conv`);
  // the last two numbers are a bare convolution and its batch norm
  const [conv = 1, norm = 2] = parts.slice(-2);
  let y = x;
  for (const part of parts.slice(0, -2)) {
    const at = `${name}.conv.${part}`;
    y = await convNormAt(m, at, y, {
      stride: m.keys.kernel(`${at}.0`) > 1 ? stride : 1,
      activation: relu6,
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

/** Of a block of v3: its stride, and whether it has hard-swish in place of ReLU. */
type BlockOfV3 = readonly [stride: number, swish: boolean];

const large: readonly BlockOfV3[] = [
  [1, false],
  [2, false],
  [1, false],
  [2, false],
  [1, false],
  [1, false],
  [2, true],
  [1, true],
  [1, true],
  [1, true],
  [1, true],
  [1, true],
  [2, true],
  [1, true],
  [1, true],
];
const small: readonly BlockOfV3[] = [
  [2, false],
  [2, false],
  [1, false],
  [2, true],
  [1, true],
  [1, true],
  [1, true],
  [1, true],
  [2, true],
  [1, true],
  [1, true],
];

export const mobilenetV3: Family = {
  title: "torchvision's MobileNet v3",

  recognises: (keys) =>
    keys.rank("features.0.0") === 4 && keys.has("features.1.block.0.0.weight"),

  member(keys) {
    const count = keys.indices("features").length - 2;
    const blocks = [large, small].find((table) => table.length === count);
    if (!blocks)
      throw otherCount(this.title, count, [large.length, small.length]);
    const epsilon = 0.001;
    const tail = { epsilon, activation: hardSwish };
    return {
      name: blocks === large ? "mobilenet_v3_large" : "mobilenet_v3_small",
      stem: "features.0.0",
      usual: [224, 224],
      async build(m, input) {
        let x = await convNormAt(m, "features.0", input, {
          stride: 2,
          ...tail,
        });
        for (const [i, [stride, swish]] of blocks.entries())
          x = await invertedResidual(m, `features.${i + 1}`, x, {
            stride,
            epsilon,
            activation: swish ? hardSwish : relu,
            gate: { activation: relu, scale: hardSigmoid },
          });
        x = await convNormAt(m, `features.${count + 1}`, x, tail);
        x = await m.dense("classifier.0", m.globalAverage("avgpool", x));
        return m.dense("classifier.3", hardSwish(m, "classifier.1", x));
      },
    };
  },
};

/** Of MNASNet's six stacks. */
const stridesOfMnasnet = [2, 2, 2, 1, 2, 1];

export const mnasnet: Family = {
  title: "torchvision's MNASNet",

  recognises: (keys) =>
    keys.rank("layers.0") === 4 && keys.has("layers.8.0.layers.0.weight"),

  member: () => ({
    name: "mnasnet",
    stem: "layers.0",
    usual: [224, 224],
    async build(m, input) {
      const layer = (i: number, x: Value, stride: number, bare = false) =>
        convNorm(m, [`layers.${i}`, `layers.${i + 1}`], x, {
          stride,
          activation: bare ? null : relu,
        });
      let x = await layer(0, input, 2);
      x = await layer(3, x, 1);
      x = await layer(6, x, 1, true);
      for (const [i, stride] of stridesOfMnasnet.entries()) {
        const stack = `layers.${8 + i}`;
        for (const block of m.keys.indices(stack))
          x = await blockOfMnasnet(
            m,
            `${stack}.${block}`,
            x,
            block === 0 ? stride : 1,
          );
      }
      x = await layer(14, x, 1);
      return m.dense("classifier.1", m.globalAverage("mean", x));
    },
  }),
};

async function blockOfMnasnet(
  m: Modules,
  name: string,
  x: Value,
  stride: number,
): Promise<Value> {
  const layer = (i: number, y: Value, by: number, bare = false) =>
    convNorm(m, [`${name}.layers.${i}`, `${name}.layers.${i + 1}`], y, {
      stride: by,
      activation: bare ? null : relu,
    });
  let y = await layer(0, x, 1);
  y = await layer(3, y, stride);
  y = await layer(6, y, 1, true);
  return withResidual(m, name, x, y, stride);
}

function otherCount(
  title: string,
  found: number,
  known: readonly number[],
): Fault {
  return new Fault(
    "unsupported-network",
    `The keys are those of ${title}, but in ${found} blocks in place of ${known.join(" or ")}: which of them halve the map cannot be seen.`,
    exportAdvice,
  );
}
