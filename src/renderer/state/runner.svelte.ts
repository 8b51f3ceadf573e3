import type { GalleryRequest } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { moved } from "../lib/moved";
import type { Engine } from "./engine.svelte";
import { Gallery } from "./gallery.svelte";
import { readPicture } from "./pictures.svelte";

export interface QueuedRun {
  readonly id: number;
  readonly request: GalleryRequest;
  readonly labels: readonly string[];
  /** "8 classes × 3, seed 1" */
  readonly title: string;
}

export interface RunnerEvents {
  /** A run starts; its gallery is what should be shown. */
  started(gallery: Gallery, run: QueuedRun): void;
  ended(gallery: Gallery): void;
  /** Resolves when what has come is on the screen. */
  painted(): Promise<void>;
}

/** Runs galleries, one at a time; what is asked for meanwhile waits in a queue. */
export class Runner {
  running = $state.raw<Gallery | null>(null);
  queue = $state.raw<readonly QueuedRun[]>([]);
  /** The queue waits for the user after a stop or a lost engine. */
  paused = $state(false);
  #abort: AbortController | null = null;
  #next = 1;
  readonly #engine: Engine;
  readonly #events: RunnerEvents;

  constructor(engine: Engine, events: RunnerEvents) {
    this.#engine = engine;
    this.#events = events;
  }

  /** Starts at once, or queues behind what is running; says which. */
  ask(
    request: GalleryRequest,
    labels: readonly string[],
    title: string,
  ): "started" | "queued" {
    const run = { id: this.#next++, request, labels, title };
    if (this.running || (this.paused && this.queue.length > 0)) {
      this.queue = [...this.queue, run];
      if (!this.running) this.resume();
      return "queued";
    }
    void this.#run(run);
    return "started";
  }

  /** Stops the run and keeps its pictures; the queue waits until it is told to go on. */
  stop(): void {
    if (!this.running || this.running.stopping) return;
    this.running.stopping = true;
    this.paused = this.queue.length > 0;
    this.#abort?.abort();
  }

  /** Goes on with the queue. */
  resume(): void {
    this.paused = false;
    this.#advance();
  }

  unqueue(id: number): void {
    this.queue = this.queue.filter((run) => run.id !== id);
    if (this.queue.length === 0) this.paused = false;
  }

  requeue(run: QueuedRun, at: number): void {
    if (!this.queue.includes(run))
      this.queue = this.queue.toSpliced(at, 0, run);
  }

  move(from: number, to: number): void {
    this.queue = moved(this.queue, from, to);
  }

  #advance(): void {
    if (this.running || this.paused) return;
    const [next, ...rest] = this.queue;
    if (!next) return;
    this.queue = rest;
    void this.#run(next);
  }

  async #run(run: QueuedRun): Promise<void> {
    const gallery = new Gallery(run.request, run.labels);
    const abort = new AbortController();
    this.running = gallery;
    this.#abort = abort;
    this.#events.started(gallery, run);
    try {
      const reply = await this.#engine.client.job("gallery.run", run.request, {
        signal: abort.signal,
        onProgress: (progress) => {
          gallery.follow(progress);
        },
        onFrame: (header, bytes) => {
          const tile = gallery.at(header.tile);
          if (!tile) return;
          tile.show(readPicture(header.shape, bytes), header.step);
          gallery.hold(tile, bytes.byteLength);
          // Out of sight nothing is painted, so there is nothing to wait for.
          return tile.watchers > 0 ? this.#events.painted() : undefined;
        },
      });
      gallery.id = reply.gallery;
      gallery.finish(reply.state, reply.elapsedMs);
    } catch (error) {
      if (abort.signal.aborted && !(error instanceof Fault))
        gallery.finish("cancelled", gallery.elapsedMs);
      else {
        gallery.fail(error);
        this.paused = this.queue.length > 0;
      }
    }
    this.running = null;
    this.#abort = null;
    this.#events.ended(gallery);
    this.#advance();
  }
}
