import type { GalleryRequest } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { plural } from "../lib/format";
import type { Bench } from "./bench.svelte";
import type { Busy } from "./busy";
import type { Engine } from "./engine.svelte";
import type { Gallery } from "./gallery.svelte";
import type { Networks } from "./networks.svelte";
import type { NoticeOptions, Notices } from "./notices.svelte";
import type { RecipeState } from "./recipe.svelte";
import { Runner, type QueuedRun } from "./runner.svelte";
import type { Undo } from "./undo.svelte";

export interface RunsServices {
  readonly busy: Busy;
  readonly engine: Engine;
  readonly networks: Networks;
  readonly bench: Bench;
  readonly recipe: RecipeState;
  readonly notices: Notices;
  readonly undo: Undo;
  /** Resolves when what has come is on the screen. */
  painted(): Promise<void>;
}

function seedsTitle({ settings: { seed }, seeds }: GalleryRequest): string {
  return seeds > 1 ? `seeds ${seed} to ${seed + seeds - 1}` : `seed ${seed}`;
}

/** Run, stop and the queue, as the user meets them; says what happens. */
export class Runs {
  readonly runner: Runner;
  readonly #services: RunsServices;
  /** The draft when a run was last asked for; while it is still that, a queued run may show itself. */
  #asked: string | null = null;

  constructor(services: RunsServices) {
    this.#services = services;
    this.runner = new Runner(services.engine, {
      started: (gallery, run) => {
        this.#started(gallery, run);
      },
      ended: (gallery) => {
        this.#ended(gallery);
      },
      painted: () => services.painted(),
    });
  }

  /** Why nothing can be run just now, in a sentence; null where it can. */
  readonly obstacle = $derived.by((): string | null => {
    const { engine, networks, bench } = this.#services;
    if (engine.state === "gone") return "The engine is not running.";
    if (engine.state === "starting") return "The engine is starting.";
    if (!networks.current) {
      const wanted = bench.gallery?.networkName;
      return wanted
        ? `Open the network ${wanted} to run this again.`
        : "No network is open.";
    }
    if (!networks.knows(networks.current.id))
      return "The network is being opened again.";
    if (bench.picks.list.length === 0) return `No ${bench.units[0]} is picked.`;
    return null;
  });

  /**
   * Runs what is picked, or queues it behind the run that is going. Where the network's recipe can be measured and
   * was not, that is done first.
   */
  run(): void {
    const { notices, recipe } = this.#services;
    if (recipe.measuring !== null) return;
    if (this.obstacle !== null || !recipe.wanted) {
      this.#run();
      return;
    }
    notices.say("Measuring step size, blur and rotation for this network");
    void recipe.measure().then((goesOn) => {
      if (goesOn) this.#run();
    });
  }

  #run(): void {
    const { bench, notices } = this.#services;
    const request = this.obstacle === null ? bench.request() : null;
    if (!request) {
      if (this.obstacle) notices.info(this.obstacle);
      return;
    }
    // plain: the gallery marks what is minimised
    const labels = request.targets.map((t) => bench.labelOf(t.index));
    const title = `${plural(labels.length, ...bench.units)} × ${plural(request.columns.length, "method")}, ${request.settings.steps} steps, ${seedsTitle(request)}`;
    this.#asked = bench.draftKey();
    if (this.runner.ask(request, labels, title) === "started") return;
    const before = this.runner.queue.length - 1;
    notices.info(
      `Queued: ${title}. ${before === 0 ? "It starts next" : `${before} before it`}.`,
      { topic: "queue" },
    );
  }

  stop(): void {
    this.#services.recipe.stop();
    if (!this.runner.running) return;
    this.runner.stop();
    this.#services.notices.say("Stopping the run");
  }

  /** Takes a run out of the queue; its notice puts it back, no key does: the queue is no part of what is laid out. */
  unqueue(id: number): void {
    const at = this.runner.queue.findIndex((run) => run.id === id);
    const run = this.runner.queue[at];
    if (!run) return;
    this.runner.unqueue(id);
    this.#services.undo.offer({
      label: `Removed from the queue: ${run.title}`,
      undo: () => {
        this.runner.requeue(run, at);
      },
    });
  }

  #started(gallery: Gallery, { request }: QueuedRun): void {
    const { bench, networks, notices } = this.#services;
    // A run out of the queue shows what it was asked for, unless the user has begun something else since.
    if (this.#asked === bench.draftKey() && networks.current) {
      bench.adopt(request);
      this.#asked = bench.draftKey();
    }
    bench.show(gallery);
    if (!bench.selection.focus) bench.selectAt(0, 0);
    this.#tellBusy();
    notices.say(`Running ${plural(gallery.size, "picture")}`);
  }

  #ended(gallery: Gallery): void {
    const { engine, notices } = this.#services;
    this.#tellBusy();
    const done = [...gallery.runs()].filter((t) => t.record !== null).length;
    switch (gallery.state) {
      case "failed":
        if (gallery.fault) {
          const { code, message, remedy } = gallery.fault;
          notices.error(
            new Fault(code, message, remedy),
            code === "out-of-memory" ? this.#offerBatch(gallery) : {},
          );
        }
        break;
      case "lost":
        // Main may have said so before, and knows more.
        if (gallery.fault && engine.state !== "gone")
          engine.lose(gallery.fault);
        notices.say("The engine was lost. Finished pictures are kept.");
        break;
      case "cancelled":
        notices.say(`Stopped; ${plural(done, "picture")} kept`);
        break;
      default:
        notices.say(`Done: ${plural(done, "picture")}`);
    }
    if (this.runner.paused) this.#offerQueue();
  }

  /** What did not fit in memory may fit in smaller batches. */
  #offerBatch(gallery: Gallery): NoticeOptions {
    const { settings } = this.#services.bench;
    const batch = Math.floor(gallery.request.settings.batch / 2);
    if (batch < 1) return {};
    return {
      action: {
        label: `Run with a batch of ${batch}`,
        run: () => {
          settings.set("batch", batch);
          this.run();
        },
      },
    };
  }

  #offerQueue(): void {
    const waiting = this.runner.queue.length;
    if (waiting === 0) return;
    this.#services.notices.info(
      `${plural(waiting, "run")} ${waiting === 1 ? "waits" : "wait"} in the queue.`,
      {
        topic: "queue",
        action: {
          label: "Go on",
          run: () => {
            this.runner.resume();
          },
        },
      },
    );
  }

  #tellBusy(): void {
    const gallery = this.runner.running;
    const what = gallery
      ? `A run of ${plural(gallery.size, "picture")} is going.`
      : null;
    this.#services.busy.set("gallery", what);
  }
}
