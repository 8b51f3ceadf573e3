/** ShuffleNet v2: half of the channels pass by a block, and then the halves are shuffled. */
import type { Value } from "../../lowering/index";
import type { Family } from "../family";
import type { Modules } from "../modules";
import {
  imagenetStem,
  maxPool,
  stageStrides,
  stemPool,
  stemStride,
} from "../unknowns";
import { activationOf } from "./activations";
import { headPooling, lastLayer } from "./head";
import { convNorm, convNormAt, type Activation } from "./parts";
import { pooled } from "./stem";

export const shufflenet: Family = {
  title: "torchvision's ShuffleNet v2",

  recognises: (keys) =>
    keys.rank("conv1.0") === 4 && keys.has("stage2.0.branch1.0.weight"),

  architectures: [[/^shufflenet_v2_x\d/i, {}]],

  member(keys, assume) {
    const activation = assume.take(activationOf("relu"));
    const stride = assume.take(stemStride(2, imagenetStem));
    const pool = assume.take(
      stemPool(maxPool, "max", {
        because:
          "A pool of stride 2 is assumed after the first convolution, as published: it has no weights.",
      }),
    );
    const strides = assume.take(stageStrides([2, 2, 2]));
    const pooling = assume.take(headPooling());
    const head = lastLayer(keys, "fc");
    return {
      name: "shufflenet_v2",
      stem: "conv1.0",
      usual: [224, 224],
      async build(m, input) {
        let x = await convNormAt(m, "conv1", input, { stride, activation });
        x = pooled(m, "maxpool", x, pool);
        for (const [index, by] of strides.entries()) {
          const stage = `stage${index + 2}`;
          for (const i of m.keys.indices(stage))
            x = await block(m, `${stage}.${i}`, x, by, activation);
        }
        x = await convNormAt(m, "conv5", x, { activation });
        return m.dense(head, pooling(m, "mean", x));
      },
    };
  },
};

/** A block with a first branch takes the stage's stride. */
async function block(
  m: Modules,
  name: string,
  x: Value,
  stride: number,
  activation: Activation,
): Promise<Value> {
  if (m.keys.has(`${name}.branch1`)) {
    const layers = `${name}.branch1`;
    let one = await convNorm(m, [`${layers}.0`, `${layers}.1`], x, {
      stride,
    });
    one = await convNorm(m, [`${layers}.2`, `${layers}.3`], one, {
      activation,
    });
    const two = await second(m, name, x, stride, activation);
    return shuffled(m, name, [one, two]);
  }
  const channels = x.dims[1] ?? 0;
  const half = Math.floor(channels / 2);
  const sizes = [half, channels - half];
  const [passed = x, taken = x] = m.lowering.split(
    `${name}.chunk`,
    x,
    sizes,
    1,
  );
  const two = await second(m, name, taken, 1, activation);
  return shuffled(m, name, [passed, two]);
}

async function second(
  m: Modules,
  name: string,
  x: Value,
  stride: number,
  activation: Activation,
) {
  const layers = `${name}.branch2`;
  const layer = (i: number, y: Value, by: number, bare = false) =>
    convNorm(m, [`${layers}.${i}`, `${layers}.${i + 1}`], y, {
      stride: by,
      activation: bare ? null : activation,
    });
  let y = await layer(0, x, 1);
  y = await layer(3, y, stride, true);
  y = await layer(5, y, 1);
  return y;
}

/** Channels of both halves in turns. */
function shuffled(m: Modules, name: string, halves: readonly Value[]): Value {
  const { lowering } = m;
  const x = m.concat(`${name}.concat`, halves);
  const [batch = 1, channels = 0, height = 1, width = 1] = x.dims;
  const at = `${name}.shuffle`;
  const grouped = lowering.reshape(at, x, [
    batch,
    2,
    channels / 2,
    height,
    width,
  ]);
  const turned = lowering.transpose(at, grouped, [0, 2, 1, 3, 4]);
  return lowering.reshape(at, turned, [batch, channels, height, width]);
}
