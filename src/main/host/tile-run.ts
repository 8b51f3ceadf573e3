/** One tile's way from start image to stored run. */
import {
  probabilitiesOf,
  top1Of,
  topClasses,
  type TileUpdate,
} from "../../engine";
import { valuesInUse } from "../../shared/assumptions";
import type {
  EngineStatus,
  GalleryRecord,
  Method,
  RunRecord,
  RunState,
  Target,
  TileRef,
} from "../../shared/domain";
import { tailOf } from "../../shared/tail";
import { slopesOf } from "../../shared/method";
import { toPicture } from "../../shared/pictures";
import { finishRun, runFiles } from "./gallery-folder";
import type { OpenedNetwork } from "./networks";
import { PartFolder } from "./part-folder";
import { runIdIn } from "./run-id";

export interface TilePlan {
  readonly gallery: GalleryRecord;
  /** The gallery's folder. */
  readonly folder: string;
  readonly tile: TileRef;
  readonly target: Target;
  readonly method: Method;
  /** Images in each native call, padding included. */
  readonly batch: number;
  readonly network: OpenedNetwork;
  readonly backend: EngineStatus;
}

/** Milliseconds between two frames of a tile: about 12 a second. */
const frameInterval = 80;

export class TileRun {
  readonly plan: TilePlan;
  readonly #part: PartFolder;
  readonly #began = performance.now();
  readonly #trace: number[] = [];
  readonly #kept: number[] = [];
  #gradientNorm: number | null = null;
  #frameAt = -Infinity;

  private constructor(plan: TilePlan, part: PartFolder) {
    this.plan = plan;
    this.#part = part;
  }

  /** Throws `export-failed` where the gallery's folder cannot be written. */
  static async begin(plan: TilePlan): Promise<TileRun> {
    const id = runIdOf(plan);
    return new TileRun(plan, await PartFolder.create(plan.folder, id));
  }

  get slot(): string {
    const { row, column, seed } = this.plan.tile;
    return `${row}-${column}-${seed}`;
  }

  /** Of this run. */
  get seed(): number {
    return this.plan.gallery.request.settings.seed + this.plan.tile.seed;
  }

  /** Scores taken so far; the last one belongs to the step before. */
  get scored(): number {
    return this.#trace.length;
  }

  /** Takes a step's outcome: the score, and a snapshot where one is due. */
  async take(update: TileUpdate): Promise<void> {
    if (update.state === "failed") return;
    this.#trace.push(update.score);
    this.#gradientNorm = update.gradientNorm ?? this.#gradientNorm;
    const { keep } = this.plan.gallery.request.settings;
    const due = keep > 0 && update.step > 0 && update.step % keep === 0;
    if (due || update.state !== "running") await this.#snapshot(update);
  }

  /** A frame has gone that no update asked for: the start. */
  wasShown(): void {
    this.#frameAt = performance.now();
  }

  /** Whether a frame is due: the first one, the last one, and about twelve a second that somebody wants. */
  frameDue(update: TileUpdate, wanted: () => boolean): boolean {
    if (update.state === "failed") return false;
    const now = performance.now();
    const due =
      this.#frameAt === -Infinity ||
      update.state !== "running" ||
      (now - this.#frameAt >= frameInterval && wanted());
    if (due) this.#frameAt = now;
    return due;
  }

  /** Whether the target is the network's first choice; null where there is none (see `top1Of`). */
  top1(update: TileUpdate): boolean | null {
    const { target, network } = this.plan;
    return top1Of(update.logits(), target, network.info.head);
  }

  /** Stores a run that has ended, after `take`; the record says where it lies. */
  async finish(update: TileUpdate, state: RunState): Promise<RunRecord> {
    const image = update.image();
    const record = this.#record(update, state, image);
    await finishRun(this.#part, record, image);
    return record;
  }

  async discard(): Promise<void> {
    await this.#part.discard();
  }

  async #snapshot(update: TileUpdate): Promise<void> {
    const { values } = toPicture(
      this.plan.network.network.input,
      update.image(),
    );
    await this.#part.append(
      runFiles.steps,
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
    this.#kept.push(update.step);
  }

  #record(update: TileUpdate, state: RunState, image: Float32Array): RunRecord {
    const { gallery, tile, target, method, network, backend, batch } =
      this.plan;
    const slopes = slopesOf(method);
    const logits = update.logits();
    const { head, labels } = network.info;
    return {
      format: "proxima-run",
      version: 2,
      id: runIdOf(this.plan),
      gallery: gallery.id,
      tile,
      createdAt: new Date().toISOString(),
      network: {
        id: network.id,
        name: network.network.name,
        hash: network.network.provenance.hash,
        licence: network.info.licence,
        preprocessing: network.network.preprocessing,
        identity: network.info.identity,
        assumptions: valuesInUse(network.info.report.assumptions),
        output: network.info.report.outputs[0]?.name ?? null,
      },
      target,
      label: labels[target.index] ?? "",
      method,
      forwardSlope: slopes.forward,
      backwardSlope: slopes.backward,
      settings: gallery.request.settings,
      head,
      seed: this.seed,
      batch,
      shape: [...network.network.input],
      state,
      step: update.step,
      score: update.score,
      tail: tailOf(this.#trace),
      trace: this.#trace,
      kept: this.#kept,
      top1: this.top1(update),
      probability: probabilitiesOf(logits, head)?.[target.index] ?? null,
      top5: topClasses(logits, labels, 5, head),
      gradientNorm: this.#gradientNorm,
      imageStd: deviation(image),
      backend: backend.title,
      versions: backend.versions,
      elapsedMs: performance.now() - this.#began,
    };
  }
}

function runIdOf({ gallery, tile, target }: TilePlan): string {
  return runIdIn(gallery.request, { ...tile, target });
}

/** The population's standard deviation. */
function deviation(values: Float32Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((a, b) => a + (b - mean) ** 2, 0);
  return Math.sqrt(squares / values.length);
}
