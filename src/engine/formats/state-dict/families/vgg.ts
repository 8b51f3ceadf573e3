/** AlexNet and VGG: convolutions and pools in a row, a pool to a fixed size, linear layers. */
import { Fault } from "../../../../shared/fault";
import type { Value } from "../../lowering/index";
import { exportAdvice } from "../advice";
import type { Family } from "../family";
import type { Keys } from "../keys";
import type { Modules } from "../modules";

export const alexnet: Family = {
  title: "torchvision's AlexNet",

  recognises: (keys) =>
    keys.kernel("features.0") === 11 && keys.rank("classifier.1") === 2,

  member: () => ({
    name: "alexnet",
    stem: "features.0",
    usual: [224, 224],
    async build(m, input) {
      const pool = (x: Value, name: string) =>
        m.maxPool(name, x, { window: 3, stride: 2 });
      let x = await m.conv("features.0", input, { stride: 4, padding: 2 });
      x = pool(m.relu("features.1", x), "features.2");
      x = m.relu("features.4", await m.conv("features.3", x));
      x = pool(x, "features.5");
      for (const i of [6, 8, 10])
        x = m.relu(`features.${i + 1}`, await m.conv(`features.${i}`, x));
      return classified(m, pool(x, "features.12"));
    },
  }),
};

export const vgg: Family = {
  title: "torchvision's VGG",

  recognises: (keys) =>
    keys.kernel("features.0") === 3 &&
    keys.rank("features.0") === 4 &&
    keys.rank("classifier.0") === 2 &&
    keys.indices("features").every((i) => isPlain(keys, `features.${i}`)),

  member(keys) {
    const count = keys
      .indices("features")
      .filter((i) => keys.rank(`features.${i}`) === 4).length;
    const normed = keys.has("features.1.running_mean") ? "_bn" : "";
    const layers = count + 3;
    return {
      name: [11, 13, 16, 19].includes(layers)
        ? `vgg${layers}${normed}`
        : `VGG of ${count} convolutions`,
      stem: "features.0",
      usual: [224, 224],
      build: async (m, input) => classified(m, await features(m, input)),
    };
  },
};

function isPlain(keys: Keys, layer: string): boolean {
  return keys.rank(layer) === 4 || keys.has(`${layer}.running_mean`);
}

/** Convolution, batch norm where there is one, ReLU; one number left out among them is a pool, and the last is one. */
async function features(m: Modules, input: Value): Promise<Value> {
  const last = m.keys.indices("features").at(-1) ?? 0;
  let x = input;
  let i = 0;
  while (i <= last) {
    x = await m.conv(`features.${i}`, x);
    i++;
    if (m.keys.has(`features.${i}.running_mean`)) {
      x = await m.batchNorm(`features.${i}`, x);
      i++;
    }
    x = m.relu(`features.${i}`, x);
    i++;
    if (i <= last && m.keys.has(`features.${i}`)) continue;
    x = m.maxPool(`features.${i}`, x, { window: 2, stride: 2 });
    i++;
  }
  return x;
}

/** Pooled to the size that the first linear layer wants, whatever the map's; ReLU between linear layers. */
async function classified(m: Modules, map: Value): Promise<Value> {
  const layers = m.keys.indices("classifier").map((i) => `classifier.${i}`);
  const [first = "classifier.0"] = layers;
  const inputs = m.keys.shape(`${first}.weight`)?.[1] ?? 0;
  const size = Math.sqrt(inputs / (map.dims[1] ?? 1));
  if (!Number.isInteger(size) || size < 1)
    throw new Fault(
      "unsupported-network",
      `The weight "${first}.weight" takes ${inputs} features, which ${map.dims[1]} channels do not give in a square map.`,
      exportAdvice,
    );
  let x = m.lowering.adaptiveAveragePool("avgpool", map, [size, size], "NCHW");
  for (const [index, layer] of layers.entries()) {
    x = index === 0 ? await m.linear(layer, x) : await m.dense(layer, x);
    if (index < layers.length - 1) x = m.relu(`${layer}/relu`, x);
  }
  return x;
}
