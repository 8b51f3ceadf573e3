/**
 * AlexNet and VGG: convolutions and pools in a row, a pool to a fixed size, three linear layers. Pools and activations
 * have no weights, so only the published rows of layers are taken, of any width.
 */
import { Fault } from "../../../../shared/fault";
import type { Value } from "../../lowering/index";
import { exportAdvice } from "../advice";
import type { Unknown } from "../assumptions";
import type { Family } from "../family";
import type { Keys } from "../keys";
import type { Modules, PoolOptions } from "../modules";
import { oneOf, stemStride } from "../unknowns";
import { activationOf } from "./activations";
import { onlyLinear } from "./head";
import type { Activation } from "./parts";

export const alexnet: Family = {
  title: "torchvision's AlexNet",

  recognises: (keys) =>
    keys.kernel("features.0") === 11 && linearLayers(keys).length > 0,

  architectures: [[/^alexnet$/i, {}]],

  member(keys, assume) {
    const convolutions = [0, 3, 6, 8, 10];
    const kernels = convolutions.map((i) => keys.kernel(`features.${i}`));
    const layers = linearLayers(keys);
    if (
      keys.indices("features").join() !== convolutions.join() ||
      kernels.join() !== "11,5,3,3,3" ||
      !isUngrouped(keys, convolutions) ||
      layers.length !== 3 ||
      mapSize(keys, 10, layers) !== 6
    )
      throw foreign(this.title, keys, layers, "5 convolutions, a 6 x 6 map");
    const activation = assume.take(activationOf("relu"));
    const stride = assume.take(
      stemStride(4, {
        because:
          "The first convolution is assumed to have stride 4, as published.",
      }),
    );
    const pool = assume.take(pools());
    return {
      name: "alexnet",
      stem: "features.0",
      usual: [224, 224],
      async build(m, input) {
        const pooled = (x: Value, name: string) =>
          pool(m, name, x, { window: 3, stride: 2 });
        const after = (i: number, x: Value) =>
          activation(m, `features.${i}`, x);
        let x = await m.conv("features.0", input, { stride, padding: 2 });
        x = pooled(after(1, x), "features.2");
        x = after(4, await m.conv("features.3", x));
        x = pooled(x, "features.5");
        for (const i of [6, 8, 10])
          x = after(i + 1, await m.conv(`features.${i}`, x));
        x = pooled(x, "features.12");
        return classified(m, x, layers, 6, activation);
      },
    };
  },
};

/** Convolutions of each of the five stages, which end in a pool. */
const stages: ReadonlyMap<number, readonly number[]> = new Map([
  [11, [1, 1, 2, 2, 2]],
  [13, [2, 2, 2, 2, 2]],
  [16, [2, 2, 3, 3, 3]],
  [19, [2, 2, 4, 4, 4]],
]);

export const vgg: Family = {
  title: "torchvision's VGG",

  recognises: (keys) =>
    keys.kernel("features.0") === 3 &&
    keys.rank("features.0") === 4 &&
    linearLayers(keys).length > 0 &&
    keys.indices("features").every((i) => isPlain(keys, `features.${i}`)),

  architectures: [[/^(?:tv_)?vgg\d+(?:_bn)?$/i, {}]],

  member(keys, assume) {
    const normed = keys.has("features.1.running_mean");
    const layers = linearLayers(keys);
    const found = [...stages].find(
      ([, counts]) =>
        placesOf(counts, normed).join() === keys.indices("features").join(),
    );
    const [depth, counts] = found ?? [0, []];
    const convolutions = convolutionsOf(counts, normed).flat();
    const size = mapSize(keys, convolutions.at(-1) ?? 0, layers);
    if (
      depth === 0 ||
      layers.length !== 3 ||
      !isUngrouped(keys, convolutions) ||
      convolutions.some((i) => keys.kernel(`features.${i}`) !== 3)
    )
      throw foreign(
        this.title,
        keys,
        layers,
        "11, 13, 16 or 19 layers, pools at their places",
      );
    if (size === null) throw notSquare(keys, layers[0] ?? "classifier.0");
    const pixels = 32 * size;
    const activation = assume.take(activationOf("relu"));
    const stride = assume.take(
      stemStride(1, {
        from: size < 7 ? "evidence" : "assumed",
        because:
          size < 7
            ? `The first linear layer takes a map of ${size} x ${size}: pictures of ${pixels} x ${pixels} pixels and stride 1 in the first convolution are assumed.`
            : "The first convolution is assumed to have stride 1, as published.",
      }),
    );
    const pool = assume.take(pools());
    return {
      name: `vgg${depth}${normed ? "_bn" : ""}`,
      stem: "features.0",
      usual: [pixels, pixels],
      async build(m, input) {
        let x = input;
        for (const stage of convolutionsOf(counts, normed)) {
          for (const i of stage) {
            const first = i === 0 ? stride : 1;
            x = await m.conv(`features.${i}`, x, { stride: first });
            if (normed) x = await m.batchNorm(`features.${i + 1}`, x);
            x = activation(m, `features.${i + (normed ? 2 : 1)}`, x);
          }
          const last = (stage.at(-1) ?? 0) + (normed ? 3 : 2);
          x = pool(m, `features.${last}`, x, { window: 2, stride: 2 });
        }
        return classified(m, x, layers, size, activation);
      },
    };
  },
};

type Pool = (m: Modules, name: string, x: Value, o: PoolOptions) => Value;

const kinds: Readonly<Record<string, Pool>> = {
  max: (m, name, x, options) => m.maxPool(name, x, options),
  avg: (m, name, x, options) => m.averagePool(name, x, options),
};

/** All pools between the convolutions. */
function pools(): Unknown<Pool> {
  return oneOf("pooling", kinds, "max", {
    because:
      "The pools between the convolutions are assumed to take the maximum, as published; they have no weights.",
  });
}

function isPlain(keys: Keys, layer: string): boolean {
  return keys.rank(layer) === 4 || keys.has(`${layer}.running_mean`);
}

/** The numbers of each stage's convolutions: a batch norm, where there is one, and an activation follow each. */
function convolutionsOf(counts: readonly number[], normed: boolean) {
  const step = normed ? 3 : 2;
  let next = 0;
  return counts.map((count) => {
    const places = Array.from({ length: count }, (_, i) => next + i * step);
    next += count * step + 1;
    return places;
  });
}

/** The numbers that have weights. */
function placesOf(counts: readonly number[], normed: boolean): number[] {
  const all = convolutionsOf(counts, normed).flat();
  return normed ? all.flatMap((i) => [i, i + 1]) : all;
}

function isUngrouped(keys: Keys, convolutions: readonly number[]): boolean {
  const shapes = convolutions.map((i) => keys.shape(`features.${i}.weight`));
  return shapes.every(
    (shape, i) => i === 0 || shape?.[1] === shapes[i - 1]?.[0],
  );
}

/** Linear layers of the classifier in turn; one may lie in a Sequential in the place of another. */
function linearLayers(keys: Keys): string[] {
  if (keys.rank("classifier") === 2) return ["classifier"];
  return keys.indices("classifier").flatMap((i) => {
    const layer = onlyLinear(keys, `classifier.${i}`);
    return layer === null ? [] : [layer];
  });
}

/** Height and width of the map that the first linear layer takes; null where it is no square. */
function mapSize(
  keys: Keys,
  last: number,
  [first = ""]: readonly string[],
): number | null {
  const [channels = 1] = keys.shape(`features.${last}.weight`) ?? [];
  const [, inputs = 0] = keys.shape(`${first}.weight`) ?? [];
  const size = Math.sqrt(inputs / channels);
  return Number.isInteger(size) && size >= 1 && size <= 32 ? size : null;
}

function foreign(
  title: string,
  keys: Keys,
  layers: readonly string[],
  published: string,
): Fault {
  const count = keys
    .indices("features")
    .filter((i) => keys.rank(`features.${i}`) === 4).length;
  return new Fault(
    "unsupported-network",
    `The keys look like ${title}, but ${count} convolutions and ${layers.length} linear ${layers.length === 1 ? "layer" : "layers"} at these places are none of the published ones (${published}, three linear layers).`,
    exportAdvice,
  );
}

function notSquare(keys: Keys, first: string): Fault {
  const [, inputs = 0] = keys.shape(`${first}.weight`) ?? [];
  return new Fault(
    "unsupported-network",
    `The weight "${first}.weight" takes ${inputs} features, which the last convolution's channels do not give in a square map.`,
    exportAdvice,
  );
}

/** Pooled to the size that the first linear layer wants, whatever the map's; activations between linear layers. */
async function classified(
  m: Modules,
  map: Value,
  layers: readonly string[],
  size: number,
  activation: Activation,
): Promise<Value> {
  let x = m.lowering.adaptiveAveragePool("avgpool", map, [size, size], "NCHW");
  for (const [index, layer] of layers.entries()) {
    x = index === 0 ? await m.linear(layer, x) : await m.dense(layer, x);
    if (index < layers.length - 1) x = activation(m, `${layer}/relu`, x);
  }
  return x;
}
