/** MobileNet v3. Which blocks halve the map, and their activations, are assumed as published; widths are free. */
import type { Family } from "../family";
import { dilations, imagenetStem, stageStrides, stemStride } from "../unknowns";
import { activationsOf } from "./activations";
import { headPooling, lastLayer } from "./head";
import {
  checkStages,
  otherCount,
  stageOfEach,
  stridesOfBlocks,
} from "./mobile-stages";
import { convNormAt, hardSigmoid, invertedResidual, relu } from "./parts";

/** Of a stage of v3: its blocks, the stride of its first, and whether they have hard-swish in place of ReLU. */
type StageOfV3 = {
  readonly blocks: number;
  readonly stride: number;
  readonly swish: boolean;
};

const large: readonly StageOfV3[] = [
  { blocks: 1, stride: 1, swish: false },
  { blocks: 2, stride: 2, swish: false },
  { blocks: 3, stride: 2, swish: false },
  { blocks: 4, stride: 2, swish: true },
  { blocks: 2, stride: 1, swish: true },
  { blocks: 3, stride: 2, swish: true },
];
const small: readonly StageOfV3[] = [
  { blocks: 1, stride: 2, swish: false },
  { blocks: 2, stride: 2, swish: false },
  { blocks: 3, stride: 2, swish: true },
  { blocks: 2, stride: 1, swish: true },
  { blocks: 3, stride: 2, swish: true },
];

export const mobilenetV3: Family = {
  title: "torchvision's MobileNet v3",

  recognises: (keys) =>
    keys.rank("features.0.0") === 4 && keys.has("features.1.block.0.0.weight"),

  architectures: [[/^mobilenet_v3_(?:large|small)$/i, {}]],

  member(keys, assume) {
    const count = keys.indices("features").length - 2;
    const variants = [large, small];
    const table = variants.find((one) => stageOfEach(one).length === count);
    if (!table)
      throw otherCount(
        this.title,
        count,
        variants.map((one) => stageOfEach(one).length),
      );
    const stages = stageOfEach(table);
    checkStages(
      this.title,
      stages,
      stages.map((_, i) => {
        const block = `features.${i + 1}.block`;
        const projection = keys.indices(block).at(-1) ?? 0;
        return keys.shape(`${block}.${projection}.0.weight`)?.[0];
      }),
    );
    const [early, late] = assume.take(activationsOf("relu", "hard-swish"));
    const stride = assume.take(stemStride(2, imagenetStem));
    const dilation = assume.take(dilations(table.length));
    const strides = stridesOfBlocks(
      stages,
      assume.take(
        stageStrides(
          // a dilated stage keeps the map's size
          table.map((stage, i) => ((dilation[i] ?? 1) > 1 ? 1 : stage.stride)),
        ),
      ),
    );
    const widened = (stage: number) =>
      (dilation[stage] ?? 1) > 1 && table[stage]?.stride === 2;
    const pooling = assume.take(headPooling());
    const head = lastLayer(keys, "classifier.3");
    const epsilon = 0.001;
    const tail = { epsilon, activation: late };
    return {
      name: table === large ? "mobilenet_v3_large" : "mobilenet_v3_small",
      stem: "features.0.0",
      usual: [224, 224],
      async build(m, input) {
        let x = await convNormAt(m, "features.0", input, { stride, ...tail });
        for (const [i, stage] of stages.entries())
          x = await invertedResidual(m, `features.${i + 1}`, x, {
            stride: strides[i] ?? 1,
            dilation: dilation[stage],
            // a stage that is dilated instead of strided begins without one
            residual: i === 0 || stage === stages[i - 1] || !widened(stage),
            epsilon,
            activation: table[stage]?.swish === true ? late : early,
            gate: { activation: relu, scale: hardSigmoid },
          });
        x = await convNormAt(m, `features.${count + 1}`, x, tail);
        x = await m.dense("classifier.0", pooling(m, "avgpool", x));
        return m.dense(head, late(m, "classifier.1", x));
      },
    };
  },
};
