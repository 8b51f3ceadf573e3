import { classCount, type Network } from "../../network/network";
import { randomStream, type RandomStream } from "../../random";
import type { World } from "../experiment";

export interface Batch {
  /** [batch, height, width, channel], x in [-1, 1]. */
  readonly images: Float32Array;
  /** [batch] */
  readonly labels: Int32Array;
  readonly labelsFrom: "folders" | "random";
}

/** Streams of the seed and the repetition. */
const streams = { weights: 0, pictures: 1, noise: 2, labels: 3 } as const;

function stream(
  what: keyof typeof streams,
  seed: number,
  repetition: number,
): RandomStream {
  // far from the streams of an ascent, which have words of one and two
  return randomStream(seed, repetition, streams[what], 0x6d61676e);
}

/** The seed of the weights of a repetition. */
export function weightSeed(seed: number, repetition: number): number {
  return Math.floor(stream("weights", seed, repetition).uniform() * 2 ** 32);
}

/** Standard deviation of noise in the place of pictures: about that of photographs in [-1, 1]. */
const noiseDeviation = 0.5;

/**
 * The batch of a repetition: pictures of the folder, no one twice as long as there are enough, or noise
 * N(0, 0.5^2) clipped to [-1, 1]. Labels are the class folders where the network has these classes, else drawn.
 * The batch depends on seed, repetition and shape alone, so that methods and slopes see the same one.
 */
export async function batchOf(
  network: Network,
  {
    batch,
    seed,
    repetition,
  }: { batch: number; seed: number; repetition: number },
  { images: source }: Pick<World, "images">,
  labelOf: readonly number[] | null,
): Promise<Batch> {
  const classes = classCount(network);
  const random = stream("labels", seed, repetition);
  const drawn = Int32Array.from({ length: batch }, () =>
    Math.floor(random.uniform() * classes),
  );
  if (!source) {
    const noise = stream("noise", seed, repetition);
    const size = network.input.reduce((a, b) => a * b, batch);
    const images = Float32Array.from({ length: size }, () =>
      Math.max(-1, Math.min(1, noiseDeviation * noise.normal())),
    );
    return { images, labels: drawn, labelsFrom: "random" };
  }
  const picked = pick(
    source.count,
    batch,
    stream("pictures", seed, repetition),
  );
  const { images, labels } = await source.load(picked, network.input);
  if (!labelOf) return { images, labels: drawn, labelsFrom: "random" };
  return {
    images,
    labels: labels.map((label) => labelOf[label] ?? 0),
    labelsFrom: "folders",
  };
}

/** `count` of 0..from - 1, each once before any comes again. */
function pick(from: number, count: number, random: RandomStream): number[] {
  const picked: number[] = [];
  let rest: number[] = [];
  while (picked.length < count) {
    if (rest.length === 0) rest = Array.from({ length: from }, (_, i) => i);
    const at = Math.floor(random.uniform() * rest.length);
    const [chosen = 0] = rest.splice(at, 1);
    picked.push(chosen);
  }
  return picked;
}
