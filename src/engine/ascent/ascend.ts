import { nextFrame, tensor4d, type Tensor4D } from "@tensorflow/tfjs-core";
import type { AscentSettings, Method, Target } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { unitWords } from "../../shared/head";
import { objectiveOf, signOf } from "../../shared/target";
import { classCount, headOfNetwork, type Network } from "../network/network";
import { StepCache } from "../step/step-cache";
import type { NativeRuntime } from "../step/runtime";
import type { Step } from "../step/step";
import { transformsOf } from "./regularization";
import { startsOf } from "./start";

/** One batch of targets under several methods, from one start. */
export interface AscentRequest {
  readonly network: Network;
  /** At most `settings.batch`; a smaller number is padded. */
  readonly targets: readonly Target[];
  /** Of each target's run: its start and its transforms. Missing: all have `settings.seed`. */
  readonly seeds?: readonly number[];
  readonly methods: readonly Method[];
  readonly settings: AscentSettings;
  /** Null: tfjs-core's eager backend. */
  readonly runtime: NativeRuntime | null;
  /** Where the step is from, for one call after another. Missing: one is made, and let go of at the end. */
  readonly steps?: StepCache;
  /** Where the images go on from; missing: the start image, no update done. */
  readonly resume?: Resume;
}

/** Images on their way, as an ascent of the same request left them. */
export interface Resume {
  /** Updates done on every image that still climbs. */
  readonly step: number;
  /** The image of a tile after so many updates, [height, width, channel]; null: the tile has ended. */
  image(row: number, column: number): Float32Array | null;
}

/** What became of one tile's image so far. */
export interface TileUpdate {
  /** Index into the request's targets. */
  readonly row: number;
  /** Index into the request's methods. */
  readonly column: number;
  /** Updates done on this image. */
  readonly step: number;
  /** The objective in the original network on this image: the target's logit, its negative where it is minimised. */
  readonly score: number;
  /** L2 norm of the gradient at this image, of the method's own network; null where none was taken. */
  readonly gradientNorm: number | null;
  readonly state: "running" | "done" | "silent" | "cancelled" | "failed";
  /** Only where `failed`. */
  readonly fault: Fault | null;
  /** Logits of the original network on this image. Valid until the generator is asked for more. */
  logits(): Float32Array;
  /** The image, [height, width, channel], x in [-1, 1]. Valid until the generator is asked for more. */
  image(): Float32Array;
}

/**
 * Activation maximization of a batch: x <- R(x + stepSize * g / ||g||_2), R = blur, rotation, clip
 * (Linse, Barth, Martinetz, IJCNN 2024, sections 3 and 4). All methods move together.
 *
 * Yields the tiles that were still running, step by step and one method after another: first the image it begins
 * with (the start image, step 0, or what it goes on from), at last and together the images after `steps` updates.
 * A tile's last update has another state than `running`: `silent` where its gradient is exactly zero, `failed`
 * where a number is not finite, `cancelled` once the signal is aborted, which is seen at every step.
 *
 * Going on from images of before gives the bytes that the unbroken ascent gives.
 *
 * Throws a Fault `invalid-request` for a target that the network does not have.
 */
export async function* ascend(
  request: AscentRequest,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<readonly TileUpdate[], void, void> {
  const { network, targets, methods, settings, runtime, resume } = request;
  const { batch, regularization, steps, stepSize, seed } = settings;
  const directions = directionsOf(network, targets, batch);
  const { steps: kept = new StepCache(runtime) } = request;
  const { precision } = settings;
  const lease = kept.lease({
    network,
    methods,
    batch,
    precision,
    regularization,
  });
  const { step } = lease;
  const seeds = request.seeds ?? targets.map(() => seed);
  const columns = methods.map(
    (_, index) => new AscentColumn(step, index, targets, network.input),
  );
  try {
    const starts = startsOf(network.input, settings.startNoise, seeds);
    for (const column of columns) column.begin(starts, resume);
    for (let done = resume?.step ?? 0; ; done++) {
      const ended: TileUpdate[] = [];
      for (const column of columns) {
        if (!column.running) continue;
        const last = done >= steps || signal.aborted;
        const updates = column.advance(
          done,
          directions,
          last ? null : stepSize,
          {
            exact: settings.precision === "float32",
            ending: done >= steps ? "done" : "cancelled",
          },
        );
        // each method's pictures are shown as they come, and all end together
        if (last) ended.push(...updates);
        else yield updates;
        // an abort between two methods is seen at once
        await nextFrame();
      }
      if (ended.length > 0) yield ended;
      if (!columns.some((column) => column.running)) return;
      const transforms = transformsOf(regularization, seeds, done + 1);
      for (const column of columns)
        column.settle((images) => step.regularize(images, transforms));
    }
  } finally {
    for (const column of columns) column.dispose();
    lease.release();
  }
}

/** One method's batch of images on its way up. */
class AscentColumn {
  readonly #step: Step;
  readonly #method: number;
  readonly #targets: readonly Target[];
  readonly #shape: readonly [number, number, number];
  /** Rows that still climb. */
  readonly #rows: Set<number>;
  #images: Tensor4D | null = null;
  #next: Tensor4D | null = null;

  constructor(
    step: Step,
    method: number,
    targets: readonly Target[],
    shape: readonly [number, number, number],
  ) {
    this.#step = step;
    this.#method = method;
    this.#targets = targets;
    this.#shape = shape;
    this.#rows = new Set(targets.keys());
  }

  get running(): boolean {
    return this.#rows.size > 0;
  }

  /** `starts`: by row; the first one pads the batch. */
  begin(starts: readonly Float32Array[], resume: Resume | undefined): void {
    const { batch } = this.#step;
    const size = this.#shape.reduce((a, b) => a * b);
    const values = new Float32Array(batch * size);
    for (let i = 0; i < batch; i++)
      values.set(starts[i] ?? starts[0] ?? [], i * size);
    for (const row of resume ? this.#rows : []) {
      const image = resume?.image(row, this.#method);
      if (image) values.set(image, row * size);
      else this.#rows.delete(row);
    }
    this.#images = tensor4d(values, [batch, ...this.#shape]);
  }

  /** Scores the images and moves them, or ends all rows where `stepSize` is null. */
  advance(
    done: number,
    directions: Float32Array,
    stepSize: number | null,
    how: { exact: boolean; ending: "done" | "cancelled" },
  ): TileUpdate[] {
    const images = this.#images;
    if (!images) throw new RangeError("the column has not begun");
    const score = () => this.#step.score(images);
    let logits: Float32Array;
    let norms: Float32Array | null = null;
    if (stepSize === null) logits = score();
    else {
      const advanced = this.#step.advance(
        this.#method,
        images,
        directions,
        stepSize,
      );
      this.#next = advanced.images;
      ({ logits, norms } = advanced);
    }
    // the score that stays is always the float32 network's
    const exact = how.exact || stepSize === null ? () => logits : once(score);
    const values = once(() => images.dataSync<"float32">());
    return [...this.#rows].map((row) => {
      const update = this.#update(row, done, logits, norms, how.ending);
      if (update.state !== "running") this.#rows.delete(row);
      const own =
        update.state === "running" || update.state === "failed"
          ? () => logits
          : exact;
      return {
        ...update,
        score: this.#scoreOf(own(), row),
        logits: () => part(own(), row, this.#step.classes),
        image: () => part(values(), row, values().length / this.#step.batch),
      };
    });
  }

  #update(
    row: number,
    done: number,
    logits: Float32Array,
    norms: Float32Array | null,
    ending: "done" | "cancelled",
  ) {
    const score = this.#scoreOf(logits, row);
    const gradientNorm = norms?.[row] ?? null;
    const at = { row, column: this.#method, step: done, gradientNorm };
    if (!Number.isFinite(score) || !Number.isFinite(gradientNorm ?? 0))
      return {
        ...at,
        gradientNorm: null,
        state: "failed" as const,
        fault: new Fault(
          "not-finite",
          `After ${done} steps the ${Number.isFinite(score) ? "gradient" : "score"} is no finite number any more.`,
          "Try a smaller step size or slope, or float32.",
        ),
      };
    const state =
      norms === null ? ending : gradientNorm === 0 ? "silent" : "running";
    return { ...at, state, fault: null } as const;
  }

  #scoreOf(logits: Float32Array, row: number): number {
    const target = this.#targets[row];
    return target
      ? objectiveOf(target, part(logits, row, this.#step.classes))
      : NaN;
  }

  /** Lets go of the images before the update and regularizes those after it. */
  settle(regularize: (images: Tensor4D) => Tensor4D): void {
    this.#images?.dispose();
    this.#images =
      this.#next && this.running ? regularize(this.#next) : this.#next;
    this.#next = null;
  }

  dispose(): void {
    this.#images?.dispose();
    this.#next?.dispose();
    this.#images = this.#next = null;
  }
}

function directionsOf(
  network: Network,
  targets: readonly Target[],
  batch: number,
): Float32Array {
  if (targets.length > batch)
    throw new Fault(
      "invalid-request",
      `${targets.length} targets do not fit a batch of ${batch}.`,
    );
  const classes = classCount(network);
  const directions = new Float32Array(batch * classes);
  for (const [row, target] of targets.entries()) {
    checkTarget(network, target);
    directions[row * classes + target.index] = signOf(target);
  }
  return directions;
}

/** Throws a Fault `invalid-request` for a class the network does not have. */
export function checkTarget(network: Network, target: Target): void {
  const classes = classCount(network);
  const [one, many] = unitWords(headOfNetwork(network));
  if (target.index >= classes)
    throw new Fault(
      "invalid-request",
      `${network.name} has no ${one} ${target.index}: its ${classes} ${many} count from 0 to ${classes - 1}.`,
    );
}

function part(values: Float32Array, index: number, size: number): Float32Array {
  return values.subarray(index * size, (index + 1) * size);
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
