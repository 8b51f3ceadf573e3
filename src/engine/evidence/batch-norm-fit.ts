/**
 * Do the batch norms of a network fit it? They hold mean and variance of their inputs over the training set. A forward
 * pass on pictures like photographs gives about the same variances where the network is built as it was trained, and
 * others where an activation, a stride or a pool is another one.
 */
import {
  dispose,
  moments,
  nextFrame,
  tensor4d,
  tidy,
  type Tensor,
} from "@tensorflow/tfjs-core";
import { inputName, type Network } from "../network/network";
import { node, type Node, type Op } from "../network/op";
import * as ops from "../network/ops/index";
import { preprocessOf } from "../network/preprocess";
import { preprocessed, WeightTensors } from "../step/eager";
import { naturalImage } from "./natural-images";

export interface BatchNormFit {
  /** Batch norms that hold statistics. */
  readonly norms: number;
  /**
   * Median over the batch norms of |median over the channels of ln(variance of the pictures / variance held)|.
   * 0 is a perfect fit. Trained networks have 0.15 to 0.4 on the pictures used here, which are no photographs.
   */
  readonly difference: number;
  /** |median ln ratio| of the first batch norm before contrast is matched: pixels of another scale show there. */
  readonly first: number;
  /**
   * Activations, as they are typed for `--assume`, whose difference is much smaller than the network's own, best first.
   * Variances alone seldom tell them apart. Empty where the network fits, or none is better.
   */
  readonly better: readonly {
    readonly activation: string;
    readonly difference: number;
  }[];
}

/**
 * From here on something is wrong. Measured: trained networks as built 0.14 to 0.50 (three EfficientNet-Lite, ResNet-18
 * with ReLU, Leaky ReLU and SiLU, MobileNet v2), with another activation 0.59 to 4.2, without the stem's pool 1.0.
 */
export const mostDifference = 0.45;
/** Another activation is named where its difference is at most this part of the network's own. */
const muchSmaller = 0.7;

const seed = 1;
/** Pictures of a pass: statistics over positions need few of them. */
const pictures = { most: 8, least: 2, pixels: 4 * 224 * 224 } as const;
/** Batch norms below this number say too little. */
const fewestNorms = 3;
/** A thread that computes for longer answers nobody. */
const nodesAtOnce = 8;

/** Activations that people swap, as they are typed. */
const alternatives: readonly (readonly [string, (node: Node) => Node])[] = [
  ["relu", as(ops.rectifier, { slope: 0, ceiling: null })],
  ["leaky:0.1", as(ops.rectifier, { slope: 0.1, ceiling: null })],
  ["leaky:0.2", as(ops.rectifier, { slope: 0.2, ceiling: null })],
  ["relu6", as(ops.rectifier, { slope: 0, ceiling: 6 })],
  ["silu", as(ops.swish, {})],
  ["gelu", as(ops.gelu, {})],
  ["elu", as(ops.elu, { alpha: 1 })],
  ["hard-swish", as(ops.hardSwish, {})],
];

function as<A extends object>(op: Op<A>, attributes: A) {
  return ({ name, inputs }: Node): Node => node(op, name, inputs, attributes);
}

/**
 * Null where there is nothing to compare with: fewer than three batch norms with statistics, or untouched ones
 * (mean 0, variance 1). Runs on tfjs-core's present backend and lets others work between layers.
 */
export async function batchNormFit(
  network: Network,
  { signal }: { readonly signal: AbortSignal },
): Promise<BatchNormFit | null> {
  const norms = network.nodes.filter(holdsStatistics);
  if (norms.length < fewestNorms) return null;
  const weights = new WeightTensors();
  try {
    const made = imagesFor(network);
    const first = await firstRatio(network, made, weights, signal);
    // the training pictures' contrast is not known, and a difference in it runs through the whole network
    const images = made.map((image) => scaled(image, Math.exp(-first / 2)));
    const differences = async (nodes: readonly Node[]) =>
      (await ratios({ ...network, nodes }, images, weights, signal)).map(
        Math.abs,
      );
    const found = await differences(network.nodes);
    const difference = median(found);
    const fit = { norms: norms.length, difference, first: Math.abs(first) };
    const own = mainActivation(network);
    if (difference < mostDifference || !own) return { ...fit, better: [] };
    const better: { activation: string; difference: number }[] = [];
    for (const [activation, make] of alternatives) {
      const nodes = network.nodes.map((node) =>
        isSameActivation(node, own) ? make(node) : node,
      );
      if (nodes.some((node) => isSameActivation(node, own))) continue;
      const other = median(await differences(nodes));
      if (other <= muchSmaller * difference)
        better.push({ activation, difference: other });
    }
    better.sort((a, b) => a.difference - b.difference);
    return { ...fit, better };
  } finally {
    weights.dispose();
  }
}

/** The first batch norm's, from the nodes before it alone. */
async function firstRatio(
  network: Network,
  images: readonly Float32Array[],
  weights: WeightTensors,
  signal: AbortSignal,
): Promise<number> {
  const end = network.nodes.findIndex(holdsStatistics);
  const nodes = network.nodes.slice(0, end + 1);
  const [ratio = 0] = await ratios({ ...network, nodes }, images, weights, signal); // prettier-ignore
  return ratio;
}

/** Deviations from the image's mean times `factor`. */
function scaled(image: Float32Array, factor: number): Float32Array {
  const mean = image.reduce((a, b) => a + b, 0) / image.length;
  return image.map((value) => mean + factor * (value - mean));
}

/** Per batch norm with statistics: median over the channels of ln(variance of the pictures / variance held). */
async function ratios(
  network: Network,
  images: readonly Float32Array[],
  weights: WeightTensors,
  signal: AbortSignal,
): Promise<number[]> {
  const norms = network.nodes.filter(holdsStatistics);
  const found: number[] = [];
  const uses = usesOf(network);
  const values = new Map<string, Tensor>();
  const keep = (name: string, value: Tensor) => {
    values.set(name, value);
    for (const norm of norms)
      if (norm.inputs[0] === name) found.push(ratioOf(norm, value));
  };
  try {
    const batch = tensor4d(joined(images), [images.length, ...network.input]);
    keep(
      inputName,
      tidy(() => preprocessed(batch, preprocessOf(network)).clone()),
    );
    batch.dispose();
    for (const [index, node] of network.nodes.entries()) {
      if (found.length === norms.length) break;
      if (index % nodesAtOnce === 0) await nextFrame();
      signal.throwIfAborted();
      const inputs = node.inputs.map((name) => {
        const value = values.get(name);
        if (!value) throw new RangeError(`no value "${name}"`);
        return value;
      });
      keep(
        node.name,
        // a clone, since an operation may hand on its input
        tidy(() =>
          node.op
            .eager(inputs, node, {
              weight: (of, name) => weights.get(of, name),
              slopes: (slope) => ({ forward: slope, backward: slope }),
            })
            .clone(),
        ),
      );
      // activations of a batch are large: each goes as soon as nothing reads it any more
      for (const name of node.inputs) {
        const left = (uses.get(name) ?? 0) - 1;
        uses.set(name, left);
        if (left > 0) continue;
        values.get(name)?.dispose();
        values.delete(name);
      }
    }
    return found;
  } finally {
    dispose([...values.values()]);
  }
}

function ratioOf(norm: Node, value: Tensor): number {
  const held = Float32Array.from(norm.weights["variance"]?.data ?? []);
  const variances = tidy(() => {
    const axes = Array.from({ length: value.rank - 1 }, (_, axis) => axis);
    return moments(value, axes).variance.dataSync<"float32">();
  });
  const largest = held.reduce((a, b) => Math.max(a, b), 0);
  const logs: number[] = [];
  for (const [channel, own] of held.entries()) {
    const found = variances[channel] ?? 0;
    // channels that died in training hold noise
    if (own > 1e-5 * largest && found > 0) logs.push(Math.log(found / own));
  }
  return logs.length > 0 ? median(logs) : 0;
}

function holdsStatistics({ op, weights }: Node): boolean {
  const { mean, variance } = weights;
  if (op.kind !== "batch-norm" || !mean || !variance) return false;
  const untouched =
    mean.data.every((v) => v === 0) && variance.data.every((v) => v === 1);
  return !untouched;
}

const activations: ReadonlySet<string> = new Set([
  ops.rectifier.kind,
  ops.swish.kind,
  ops.gelu.kind,
  ops.elu.kind,
  ops.hardSwish.kind,
]);

/** The activation that most nodes have, with its attributes; null where there is none. */
function mainActivation({ nodes }: Network): string | null {
  const counts = new Map<string, number>();
  for (const node of nodes)
    if (activations.has(node.op.kind))
      counts.set(keyOf(node), (counts.get(keyOf(node)) ?? 0) + 1);
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? null;
}

function isSameActivation(node: Node, key: string): boolean {
  return activations.has(node.op.kind) && keyOf(node) === key;
}

function keyOf({ op, attributes }: Node): string {
  return `${op.kind} ${JSON.stringify(attributes)}`;
}

function imagesFor({ input }: Network): Float32Array[] {
  const fitting = Math.floor(pictures.pixels / (input[0] * input[1]));
  const count = Math.max(pictures.least, Math.min(pictures.most, fitting));
  return Array.from({ length: count }, (_, i) => naturalImage(input, seed, i));
}

function usesOf({ nodes, output }: Network): Map<string, number> {
  const uses = new Map<string, number>([[output, 1]]);
  for (const { inputs } of nodes)
    for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}

function joined(images: readonly Float32Array[]): Float32Array {
  const size = images[0]?.length ?? 0;
  const all = new Float32Array(size * images.length);
  for (const [i, image] of images.entries()) all.set(image, i * size);
  return all;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  if (sorted.length % 2 === 1) return upper;
  return (upper + (sorted[sorted.length / 2 - 1] ?? NaN)) / 2;
}
