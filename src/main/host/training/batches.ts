/** Batches in the order they are learned from, made ahead of the step that wants them. */
import type { Augmentation } from "../../../shared/training";
import { applyChange, drawChange } from "./augment";
import type { Picture } from "./experiment-folder";
import type { Pixels } from "./pixels";
import { purposes } from "./purposes";
import { permuted } from "./split";

export interface Batch {
  /** float32 [images, size, size, 3], x in [-1, 1]. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** Batches that are made or being made at a time; with the one in use that bounds the memory. */
const ahead = 3;

/** Hands out what `make` makes for 0, 1, 2 ... below `count`, some of it begun before it is asked for. */
export class Ahead<T> {
  readonly #make: (index: number) => Promise<T>;
  readonly #count: number;
  readonly #made: Promise<T>[] = [];
  #next: number;

  constructor(make: (index: number) => Promise<T>, count: number, from = 0) {
    this.#make = make;
    this.#count = count;
    this.#next = from;
  }

  next(): Promise<T> {
    while (this.#made.length <= ahead && this.#next < this.#count) {
      const made = this.#make(this.#next++);
      // whoever asks for it gets the error; one that is never asked for has none
      made.catch(() => undefined);
      this.#made.push(made);
    }
    const first = this.#made.shift();
    return first ?? Promise.reject(new RangeError("there are no more batches"));
  }
}

export interface TrainingBatches {
  readonly pixels: Pixels;
  /** All pictures of the experiment. */
  readonly pictures: readonly Picture[];
  /** Those that are learned from, by index. */
  readonly trained: readonly number[];
  readonly batch: number;
  readonly size: number;
  readonly augmentation: Augmentation;
}

/** Whole batches an epoch; the pictures of the last, unfinished one have their turn in other epochs. */
export function stepsPerEpoch({ trained, batch }: TrainingBatches): number {
  return Math.floor(trained.length / batch);
}

/** An epoch's batches from step `from` on: a function of (seed, epoch) and nothing that was drawn before. */
export function epochBatches(
  data: TrainingBatches,
  seed: number,
  epoch: number,
  from: number,
): Ahead<Batch> {
  const { trained, batch, size, augmentation } = data;
  const order = permuted(trained, seed, purposes.order, epoch);
  const make = (step: number) => {
    const chosen = order.slice(step * batch, (step + 1) * batch);
    return makeBatch(data, chosen, (picture) =>
      drawChange(augmentation, size, seed, epoch, picture),
    );
  };
  return new Ahead(make, stepsPerEpoch(data), from);
}

/** Batches of pictures as they are, in their order; the last may be smaller. */
export function plainBatches(
  data: Pick<TrainingBatches, "pixels" | "pictures" | "batch" | "size">,
  chosen: readonly number[],
): Ahead<Batch> {
  const { batch, size } = data;
  const unchanged = {
    ...{ top: 0, left: 0, height: size, width: size, flipped: false },
    ...{ brightness: 1, contrast: 1, saturation: 1, angle: 0, noise: null },
  };
  const make = (step: number) =>
    makeBatch(
      data,
      chosen.slice(step * batch, (step + 1) * batch),
      () => unchanged,
    );
  return new Ahead(make, Math.ceil(chosen.length / batch));
}

async function makeBatch(
  {
    pixels,
    pictures,
    size,
  }: Pick<TrainingBatches, "pixels" | "pictures" | "size">,
  chosen: readonly number[],
  changeOf: (picture: number) => ReturnType<typeof drawChange>,
): Promise<Batch> {
  const each = size * size * 3;
  const images = new Float32Array(chosen.length * each);
  const labels = Int32Array.from(
    chosen,
    (picture) => pictures[picture]?.label ?? 0,
  );
  await Promise.all(
    chosen.map(async (picture, i) => {
      const bytes = await pixels.get(picture);
      applyChange(bytes, size, changeOf(picture), images, i * each);
    }),
  );
  return { images, labels };
}
