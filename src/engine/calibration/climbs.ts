/** Trials on their way: images of a few classes under several recipes at once. */
import {
  add,
  concat,
  mul,
  nextFrame,
  split,
  sub,
  tensor4d,
  tidy,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import type { Recipe } from "../../shared/recipe";
import { transformOf } from "../ascent/regularization";
import { startImage } from "../ascent/start";
import { viewed, viewsOf } from "../evaluation/views";
import { classCount, type Network } from "../network/network";
import {
  compileRegularization,
  type Regularizer,
} from "../step/compile-regularization";
import { makeStep } from "../step/make-step";
import type { NativeRuntime } from "../step/runtime";
import type { Step } from "../step/step";

/** All trials share one start and, where they rotate equally often, one sequence of angles. */
const seed = 1;
const startNoise = 0.1;
/** Unlike ReLU's own gradient, this one is not zero where a class is silent at the start. */
const method = { kind: "proxygrad", slope: 0.1 } as const;
/** What counts as saturated. */
const nearTheEnd = 0.99;

export interface Trial {
  readonly recipe: Recipe;
  /** Updates done. */
  steps: number;
  /** Of each class, row by row: [class, height, width, channel]. */
  images: Float32Array;
}

export interface ClimbsOptions {
  readonly network: Network;
  readonly runtime: NativeRuntime;
  /** Indices of the classes. */
  readonly classes: readonly number[];
  /** Largest number of images in one native call. */
  readonly batch: number;
}

export class Climbs {
  readonly #step: Step;
  readonly #network: Network;
  readonly #runtime: NativeRuntime;
  readonly #classes: readonly number[];
  /** Trials in one native call. */
  readonly #together: number;
  readonly #directions: Float32Array;
  readonly #regularizers = new Map<number, Regularizer>();

  constructor({ network, runtime, classes, batch }: ClimbsOptions) {
    this.#network = network;
    this.#runtime = runtime;
    this.#classes = classes;
    this.#together = Math.max(1, Math.floor(batch / classes.length));
    const images = this.#together * classes.length;
    this.#step = makeStep(
      {
        network,
        methods: [method],
        batch: images,
        precision: "float32",
        // each recipe regularizes in its own way; a step that says it rotates leaves the clip to them
        regularization: { blur: 0, rotate: 1 },
      },
      runtime,
    );
    const width = classCount(network);
    this.#directions = new Float32Array(images * width);
    for (let i = 0; i < images; i++)
      this.#directions[i * width + this.#classAt(i)] = 1;
  }

  begin(recipe: Recipe): Trial {
    const start = startImage(this.#network.input, startNoise, seed);
    const images = new Float32Array(this.#classes.length * start.length);
    for (const i of this.#classes.keys()) images.set(start, i * start.length);
    return { recipe, steps: 0, images };
  }

  /** Takes every trial, all of which have done as many updates, to `steps` updates. Throws the signal's reason. */
  async advance(
    trials: readonly Trial[],
    steps: number,
    { signal, did }: { signal: AbortSignal; did: (imageSteps: number) => void },
  ): Promise<void> {
    for (let first = 0; first < trials.length; first += this.#together) {
      const group = trials.slice(first, first + this.#together);
      await this.#advanceGroup(group, steps, signal, did);
    }
  }

  async #advanceGroup(
    group: readonly Trial[],
    steps: number,
    signal: AbortSignal,
    did: (imageSteps: number) => void,
  ): Promise<void> {
    const count = this.#classes.length;
    const size = this.#size;
    const values = new Float32Array(this.#step.batch * size);
    group.forEach((trial, i) => values.set(trial.images, i * count * size));
    const lengths = Float32Array.from(
      { length: this.#step.batch },
      (_, i) => group[Math.floor(i / count)]?.recipe.stepSize ?? 0,
    );
    const stepSizes = tensor4d(lengths, [lengths.length, 1, 1, 1]);
    let images = tensor4d(values, [lengths.length, ...this.#network.input]);
    try {
      for (let done = group[0]?.steps ?? steps; done < steps; done++) {
        signal.throwIfAborted();
        const next = this.#move(images, stepSizes, group, done + 1);
        images.dispose();
        images = next;
        did(group.length * count);
        await nextFrame();
      }
      const climbed = images.dataSync<"float32">();
      group.forEach((trial, i) => {
        trial.steps = steps;
        trial.images = climbed.slice(i * count * size, (i + 1) * count * size);
      });
    } finally {
      images.dispose();
      stepSizes.dispose();
    }
  }

  /** One update of all images, each trial with its own length, blur and rotation. */
  #move(
    images: Tensor4D,
    stepSizes: Tensor4D,
    group: readonly Trial[],
    step: number,
  ): Tensor4D {
    const moved = this.#step.move(0, images, this.#directions, 1).images;
    const parts = tidy(() =>
      split<Tensor4D>(
        add(images, mul(sub(moved, images), stepSizes)),
        this.#together,
      ),
    );
    moved.dispose();
    const settled = parts.map((part, i) => {
      const { blur, ...rotation } = (group[i] ?? group[0])?.recipe ?? none;
      const transform = transformOf({ blur, ...rotation }, seed, step);
      return this.#regularizer(blur).apply(part, transform);
    });
    const next = concat(settled, 0);
    for (const part of settled) part.dispose();
    return next;
  }

  #regularizer(blur: number): Regularizer {
    const made =
      this.#regularizers.get(blur) ??
      compileRegularization(
        [this.#classes.length, ...this.#network.input],
        blur,
        this.#runtime,
      );
    this.#regularizers.set(blur, made);
    return made;
  }

  /** Held-out score of each class: the mean of its output over `views` views of its image. */
  heldOut(images: Float32Array, views: number): number[] {
    const { input } = this.#network;
    const size = this.#size;
    const { batch, classes } = this.#step;
    const laws = viewsOf(seed, views);
    const sums = this.#classes.map(() => 0);
    const jobs = this.#classes.flatMap((_, at) =>
      laws.map((law) => ({ at, law })),
    );
    for (let first = 0; first < jobs.length; first += batch) {
      const chunk = jobs.slice(first, first + batch);
      const values = new Float32Array(batch * size);
      chunk.forEach(({ at, law }, i) => {
        const image = images.subarray(at * size, (at + 1) * size);
        values.set(viewed(image, input, law), i * size);
      });
      const seen = tensor4d(values, [batch, ...input]);
      const scores = this.#step.score(seen);
      seen.dispose();
      chunk.forEach(({ at }, i) => {
        const score = scores[i * classes + (this.#classes[at] ?? 0)] ?? NaN;
        sums[at] = (sums[at] ?? 0) + score / views;
      });
    }
    return sums;
  }

  dispose(): void {
    this.#step.dispose();
    for (const made of this.#regularizers.values()) made.dispose();
  }

  get #size(): number {
    return this.#network.input.reduce((a, b) => a * b);
  }

  #classAt(image: number): number {
    return this.#classes[image % this.#classes.length] ?? 0;
  }
}

const none = { blur: 0, rotate: 0, rotateProbability: 0 };

/** The share of values beyond |x| = 0.99. */
export function saturation(images: Float32Array): number {
  let beyond = 0;
  for (const x of images) if (Math.abs(x) > nearTheEnd) beyond++;
  return beyond / images.length;
}
