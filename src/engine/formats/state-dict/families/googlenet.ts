/** GoogLeNet, as torchvision has it. Auxiliary classifiers serve training alone. */
import type { Value } from "../../lowering/index";
import type { Family } from "../family";
import { imagenetStem, stemPool, stemStride, type StemPool } from "../unknowns";
import { activationOf } from "./activations";
import { headPooling, lastLayer } from "./head";
import { Layers, transformed } from "./inception-parts";
import { pooled } from "./stem";

export const googlenet: Family = {
  title: "torchvision's GoogLeNet",

  recognises: (keys) =>
    keys.rank("conv1.conv") === 4 && keys.has("inception3a.branch1.conv"),

  architectures: [[/^googlenet$/i, {}]],

  member(keys, assume) {
    const activation = assume.take(activationOf("relu"));
    const stride = assume.take(stemStride(2, imagenetStem));
    const first = assume.take(
      stemPool(stem, "max", {
        because:
          "A pool of stride 2 is assumed after the first convolution, as published: it has no weights.",
      }),
    );
    const pooling = assume.take(headPooling());
    const head = lastLayer(keys, "fc");
    return {
      name: "googlenet",
      stem: "conv1.conv",
      usual: [224, 224],
      ignored: /^aux[12]\./,
      preprocessing: transformed("googlenet"),
      async build(m, input) {
        const layers = new Layers(m, activation);
        const pool = (name: string, x: Value, window = 3) =>
          m.maxPool(name, x, { window, stride: 2, ceil: true });
        let x = await layers.basic("conv1", input, stride);
        x = pooled(m, "maxpool1", x, first);
        x = pool("maxpool2", await layers.chain(["conv2", "conv3"], x));
        for (const part of ["3a", "3b"]) x = await mixed(layers, part, x);
        x = pool("maxpool3", x);
        for (const part of ["4a", "4b", "4c", "4d", "4e"])
          x = await mixed(layers, part, x);
        x = pool("maxpool4", x, 2);
        for (const part of ["5a", "5b"]) x = await mixed(layers, part, x);
        return m.dense(head, pooling(m, "avgpool", x));
      },
    };
  },
};

/** The first pool. */
const stem: StemPool = {
  kind: "max",
  window: 3,
  stride: 2,
  padding: 0,
  ceil: true,
};

async function mixed(layers: Layers, part: string, x: Value): Promise<Value> {
  const { m } = layers;
  const name = `inception${part}`;
  const pooled = m.maxPool(`${name}.branch4.0`, x, {
    window: 3,
    stride: 1,
    padding: 1,
    ceil: true,
  });
  return m.concat(`${name}.concat`, [
    await layers.basic(`${name}.branch1`, x),
    await layers.chain([`${name}.branch2.0`, `${name}.branch2.1`], x),
    await layers.chain([`${name}.branch3.0`, `${name}.branch3.1`], x),
    await layers.basic(`${name}.branch4.1`, pooled),
  ]);
}
