import type { MenuCommand } from "../../shared/contract";
import type {
  GalleryRecord,
  GalleryRequest,
  Method,
  NetworkInfo,
  RunRecord,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { firstPicks, paperEight, randomClasses } from "../lib/class-sets";
import { plural } from "../lib/format";
import type { LargeTile } from "../lib/large";
import { Painter } from "../lib/painter";
import { pngOf } from "../lib/png";
import { text } from "../lib/readers";
import {
  choicesKey,
  networkChoices,
  networkKey,
  savedSets,
  setsKey,
  viewChoices,
  viewKey,
} from "./choices";
import { Columns, type ColumnDraft } from "./columns.svelte";
import { Engine } from "./engine.svelte";
import { Gallery } from "./gallery.svelte";
import { Networks } from "./networks.svelte";
import { Notices } from "./notices.svelte";
import { Picks } from "./picks.svelte";
import { Pictures } from "./pictures.svelte";
import { Preferences } from "./preferences.svelte";
import { RememberedChoices } from "./remembered.svelte";
import { differences, keepFor, RunSettings } from "./run-settings.svelte";
import { Runner } from "./runner.svelte";
import { Scrubber } from "./scrubber.svelte";
import { Selection, type Cell } from "./selection.svelte";
import type { Tile } from "./tile.svelte";
import { Undo } from "./undo.svelte";
import { ViewState } from "./view.svelte";
import type { World } from "./world";

/** Everything the window knows, and what it can do; components see it through `useApp()`. */
export class AppState {
  readonly world: World;
  readonly notices = new Notices();
  readonly undo = new Undo(this.notices);
  readonly view = new ViewState();
  readonly painter = new Painter();
  readonly picks = new Picks(this.undo);
  readonly columns = new Columns(this.undo);
  readonly settings = new RunSettings();
  readonly selection = new Selection();
  readonly scrubber = new Scrubber(() => this.gallery?.kept ?? []);
  readonly engine: Engine;
  readonly networks: Networks;
  readonly pictures: Pictures;
  readonly preferences: Preferences;
  readonly remembered: RememberedChoices;
  readonly runner: Runner;
  /** The gallery whose tiles are in the grid. */
  gallery = $state.raw<Gallery | null>(null);
  /** The first look at the engine is over: what is not there by now is not there. */
  settled = $state(false);
  /** What the last run was asked for with; while the draft is still that, a queued run may show itself. */
  #asked: string | null = null;

  constructor(world: World) {
    this.world = world;
    this.engine = new Engine(world);
    this.networks = new Networks(this.engine);
    this.pictures = new Pictures(this.engine);
    this.preferences = new Preferences(world);
    this.remembered = new RememberedChoices(world);
    this.runner = new Runner(this.engine, {
      started: (gallery, run) => {
        this.#started(gallery, run.request);
      },
      ended: (gallery) => {
        this.#ended(gallery);
      },
      painted: () => this.painter.settled(),
    });
  }

  // ---- what is in the grid ----

  /** For each column of the draft the gallery's column, or -1. */
  readonly galleryColumns = $derived(
    this.gallery?.columnsFor(this.columns.list.map((c) => c.method)) ?? [],
  );

  /** [height, width] of the pictures. */
  readonly pictureShape = $derived.by((): readonly [number, number] => {
    const input = this.networks.current?.input;
    if (input) return [input.height, input.width];
    const shape = this.gallery?.tiles[0]?.[0]?.record?.shape;
    return shape ? [shape[0], shape[1]] : [128, 128];
  });

  /** The gallery on the screen belongs to a network that is not open. */
  readonly detached = $derived.by(
    () => this.networks.current === null && this.gallery !== null,
  );

  /** Settings that differ between the pictures shown and the next run, as words. */
  readonly drift = $derived(
    this.gallery
      ? differences(this.gallery.request.settings, this.settings.values)
      : [],
  );

  /** The tile of a class under a column of the draft; undefined where it was never run. */
  tileOf(target: number, column: number): Tile | undefined {
    const at = this.galleryColumns[column] ?? -1;
    return at < 0 ? undefined : this.gallery?.rowOf(target)?.[at];
  }

  tileAt(cell: Cell): Tile | undefined {
    return this.tileOf(
      cell.target,
      this.columns.list.findIndex((c) => c.id === cell.column),
    );
  }

  labelOf(target: number): string {
    const known = this.networks.current?.labels[target];
    if (known !== undefined && known !== "") return known;
    const row = this.gallery?.rowOf(target)?.[0]?.place.row;
    return (
      (row === undefined ? undefined : this.gallery?.labels[row]) ??
      `class ${target}`
    );
  }

  // ---- running ----

  readonly pictureCount = $derived(
    this.picks.list.length * this.columns.list.length,
  );

  /** Why nothing can be run just now, in a sentence; null where it can. */
  readonly obstacle = $derived.by((): string | null => {
    if (this.engine.state === "gone") return "The engine is not running.";
    if (this.engine.state === "starting") return "The engine is starting.";
    if (!this.networks.current) return "No network is open.";
    if (this.picks.list.length === 0) return "No class is picked.";
    return null;
  });

  /** Runs what is picked, or queues it behind the run that is going. */
  run(): void {
    const request = this.#request();
    if (!request) {
      if (this.obstacle) this.notices.info(this.obstacle);
      return;
    }
    const labels = request.targets.map((t) => this.labelOf(t.index));
    const title = `${plural(labels.length, "class", "classes")} × ${plural(request.columns.length, "method")}, ${request.settings.steps} steps, seed ${request.settings.seed}`;
    this.#asked = this.#draft();
    const outcome = this.runner.ask(request, labels, title);
    if (outcome === "queued") {
      const place = this.runner.queue.length;
      this.notices.info(
        `Queued: ${title}. ${place === 1 ? "It starts next" : `${place - 1} before it`}.`,
        { topic: "queue" },
      );
    }
  }

  stop(): void {
    if (!this.runner.running) return;
    this.runner.stop();
    this.notices.say("Stopping the run");
  }

  unqueue(id: number): void {
    const at = this.runner.queue.findIndex((run) => run.id === id);
    const run = this.runner.queue[at];
    if (!run) return;
    this.runner.unqueue(id);
    this.undo.push(
      {
        label: "Removed a run from the queue",
        undo: () => {
          this.runner.requeue(run, at);
        },
      },
      true,
    );
  }

  #request(): GalleryRequest | null {
    const network = this.networks.current;
    if (this.obstacle !== null || !network) return null;
    return {
      targets: this.picks.list.map((index) => ({ kind: "logit", index })),
      columns: this.columns.list.map(({ method }) => ({
        network: network.id,
        method,
      })),
      settings: this.settings.values,
    };
  }

  #draft(): string {
    return JSON.stringify([
      this.picks.list,
      this.columns.list.map((c) => c.method),
      this.settings.values,
    ]);
  }

  #started(gallery: Gallery, request: GalleryRequest): void {
    // A run out of the queue shows what it was asked for, unless the user has begun something else since.
    if (this.#asked === this.#draft() && this.networks.current) {
      this.#adoptRequest(request);
      this.#asked = this.#draft();
    }
    this.gallery = gallery;
    this.scrubber.goLive();
    if (!this.selection.focus) this.selectAt(0, 0);
    this.#tellBusy();
    this.notices.say(`Running ${plural(gallery.size, "picture")}`);
  }

  #ended(gallery: Gallery): void {
    this.#tellBusy();
    const done = gallery.tiles.flat().filter((t) => t.record !== null).length;
    if (gallery.state === "failed" && gallery.fault) {
      const { code, message, remedy } = gallery.fault;
      this.notices.error(new Fault(code, message, remedy));
    } else if (gallery.state === "lost" && gallery.fault) {
      // Main may have said so before, and knows more.
      if (this.engine.state !== "gone") this.engine.lose(gallery.fault);
      this.notices.say("The engine was lost. Finished pictures are kept.");
    } else if (gallery.state === "cancelled") {
      this.notices.say(`Stopped; ${plural(done, "picture")} kept`);
    } else {
      this.notices.say(`Done: ${plural(done, "picture")}`);
    }
    const waiting = this.runner.queue.length;
    if (this.runner.paused && waiting > 0)
      this.notices.info(
        `${plural(waiting, "run")} ${waiting === 1 ? "waits" : "wait"} in the queue.`,
        {
          action: {
            label: "Go on",
            run: () => {
              this.runner.resume();
            },
          },
          topic: "queue",
        },
      );
  }

  #tellBusy(): void {
    const gallery = this.runner.running;
    const what = gallery
      ? `A run is going: ${plural(gallery.size, "picture")}. Finished pictures are kept.`
      : null;
    void this.world.app.call("busy", { what }).catch(() => undefined);
  }

  // ---- networks and galleries ----

  /** Shows a network the host knows, with the choices made for it before. */
  async selectNetwork(id: string): Promise<void> {
    if (this.networks.current?.id === id) return;
    try {
      this.#adoptNetwork(await this.networks.select(id));
    } catch (error) {
      this.notices.error(error);
    }
  }

  async chooseNetwork(what: "file" | "folder" = "file"): Promise<void> {
    try {
      const chosen = await this.world.app.call("choose.network", { what });
      if (chosen) await this.openNetwork(chosen);
    } catch (error) {
      this.notices.error(error);
    }
  }

  async openNetwork(chosen: { token: string; name: string }): Promise<void> {
    const network = await this.networks.open(chosen);
    if (!network) return;
    this.#adoptNetwork(network);
    this.notices.say(`Opened ${network.name}`);
  }

  async openDropped(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    const [first] = await this.world.tokensOf(files);
    if (first) await this.openNetwork(first);
    else
      this.notices.info("What was dropped is not a file on this machine.", {
        remedy: "Drop a network’s folder or its model.json.",
      });
  }

  /** Shows a gallery of the library, with its classes, methods and settings; can be undone. */
  async openGallery(id: string): Promise<void> {
    try {
      const found = await this.engine.client.call("library.get", {
        gallery: id,
      });
      if (!found)
        throw new Fault("invalid-request", "This gallery is no longer there.");
      const before = this.gallery;
      const restore = this.#snapshot();
      await this.#showRecord(found.gallery, found.runs);
      this.view.workspace = "compare";
      this.undo.push({
        label: "Opened a gallery",
        undo: () => {
          restore();
          this.gallery = before;
        },
      });
    } catch (error) {
      this.notices.error(error);
    }
  }

  /** Takes a run's settings into the Run panel, to change what is wanted and run it again. */
  runAgain(record: RunRecord): void {
    const before = this.settings.values;
    this.settings.setAll(record.settings);
    this.view.tab = "run";
    this.view.panelShown = true;
    if (differences(before, record.settings).length > 0)
      this.undo.push({
        label: "Took a run’s settings",
        undo: () => {
          this.settings.values = before;
        },
      });
  }

  /** Removes the gallery from the screen when the library loses it. */
  forgetGallery(id: string): void {
    if (this.gallery?.id === id && this.gallery !== this.runner.running)
      this.gallery = null;
  }

  // ---- classes ----

  readonly paperClasses = $derived.by(() =>
    paperEight(this.networks.current?.labels ?? [], this.networks.labels),
  );

  pickRandom(count: number): void {
    const classes = this.networks.current?.classes ?? 0;
    this.picks.replace(
      randomClasses(count, classes, () => this.world.random()),
      "Picked random classes",
    );
  }

  // ---- dialogs and commands ----

  /** Opens the export dialog; null: every finished run. */
  exportRuns(runs: readonly string[] | null = null): void {
    const gallery = this.gallery?.id;
    if (!this.gallery || !gallery || this.gallery.finished === 0) {
      this.notices.info("There is no finished picture to export yet.");
      return;
    }
    this.view.dialog = { kind: "export", gallery, runs };
  }

  command(command: MenuCommand): void {
    switch (command) {
      case "open-network":
        void this.chooseNetwork();
        break;
      case "open-network-folder":
        void this.chooseNetwork("folder");
        break;
      case "run":
        this.run();
        break;
      case "stop":
        this.stop();
        break;
      case "export":
        this.exportRuns();
        break;
      case "undo":
        void this.undo.take();
        break;
      case "large":
        this.openLarge();
        break;
      case "settings":
      case "shortcuts":
      case "about":
        this.view.dialog = { kind: command };
        break;
    }
  }

  // ---- the large view ----

  openLarge(): void {
    if (!this.selection.focus)
      this.selection.move(this.picks.list, this.#columnIds(), 0, 0);
    if (this.selection.cells.some((cell) => this.tileAt(cell)?.picture))
      this.view.large = true;
    else this.notices.info("There is no picture to open yet.");
  }

  readonly largeChosen = $derived.by((): LargeTile[] =>
    this.selection.cells
      .map((cell) => this.#largeTile(cell))
      .filter((tile) => tile !== null),
  );

  readonly largeAll = $derived.by((): LargeTile[] =>
    this.view.large
      ? this.picks.list.flatMap((target) =>
          this.columns.list
            .map(({ id }) => this.#largeTile({ target, column: id }))
            .filter((tile) => tile !== null),
        )
      : [],
  );

  /** The large view went to other tiles; the grid follows. */
  selectLarge(tiles: readonly LargeTile[]): void {
    const cells = tiles.flatMap(({ row, column }): Cell[] => {
      const target = this.picks.list[row];
      const id = this.columns.list[column]?.id;
      return target === undefined || id === undefined
        ? []
        : [{ target, column: id }];
    });
    this.selection.set(cells);
  }

  /** Puts a tile's picture on the clipboard as it is seen. */
  async copyPicture(cell: Cell): Promise<void> {
    const tile = this.tileAt(cell);
    const picture = tile && this.shownPicture(tile).picture;
    if (!picture) return;
    try {
      const bytes = await pngOf(picture, this.view.contrast);
      await this.world.app.call("clipboard.picture", {}, { bytes });
      this.notices.info("Copied the picture.");
    } catch (error) {
      this.notices.error(error);
    }
  }

  selectAt(row: number, column: number): void {
    const target = this.picks.list[row];
    const id = this.columns.list[column]?.id;
    if (target !== undefined && id !== undefined)
      this.selection.select({ target, column: id });
  }

  #largeTile(cell: Cell): LargeTile | null {
    const row = this.picks.list.indexOf(cell.target);
    const column = this.columns.list.findIndex((c) => c.id === cell.column);
    const method = this.columns.list[column]?.method;
    const tile = this.tileOf(cell.target, column);
    if (row < 0 || !method || !tile) return null;
    const shown = this.shownPicture(tile);
    return {
      key: `${cell.target}/${cell.column}/${tile.record?.id ?? "live"}`,
      row,
      column,
      label: this.labelOf(cell.target),
      method,
      score: tile.scoreAt(shown.live ? null : shown.step),
      step: shown.step,
      picture: shown.picture,
      record: tile.record,
    };
  }

  /** The picture a tile shows under the scrubber, and its step. */
  shownPicture(tile: Tile) {
    const { step } = this.scrubber;
    const kept = step === null ? null : tile.keptStep(step);
    if (kept !== null && tile.kept?.step === kept)
      return { picture: tile.kept.picture, step: kept, live: false };
    // Until it has come, or while the run is going, the newest stays.
    return { picture: tile.picture, step: tile.pictureStep, live: true };
  }

  // ---- life ----

  /** Loads what is remembered and goes to the engine; returns its off. */
  start(): () => void {
    const offs = [
      this.world.onEvent((event) => {
        if (event.kind === "menu") this.command(event.command);
        if (event.kind === "resumed" && this.runner.running)
          this.notices.info("The machine slept. The run goes on.");
      }),
    ];
    const loaded = Promise.all([
      this.preferences.load(),
      this.remembered.load(),
    ]).catch((error: unknown) => {
      this.notices.error(error);
    });
    void loaded.then(() => {
      this.#recallView();
    });
    let first = true;
    offs.push(
      this.engine.onReady(() => {
        const again = !first;
        first = false;
        void loaded.then(() => this.#meet(again));
      }),
      this.engine.start(),
      $effect.root(() => {
        $effect(() => {
          this.#remember();
        });
        $effect(() => {
          this.selection.keep(
            new Set(this.picks.list),
            new Set(this.#columnIds()),
          );
        });
      }),
    );
    return () => {
      void this.remembered.flush();
      for (const off of offs) off();
    };
  }

  /** The engine is there, for the first time or again. */
  async #meet(again: boolean): Promise<void> {
    try {
      await this.networks.refresh();
      if (again) await this.#meetAgain();
      else await this.#recall();
    } catch (error) {
      this.notices.error(error);
    } finally {
      this.settled = true;
    }
  }

  async #meetAgain(): Promise<void> {
    this.notices.say("The engine runs again");
    const id = this.networks.current?.id;
    if (id === undefined) return;
    if (!this.networks.list.some((n) => n.id === id)) {
      const name = this.networks.current?.name ?? "";
      this.networks.current = null;
      this.notices.info(`${name} has to be opened again.`);
      return;
    }
    await this.networks.select(id);
  }

  async #recall(): Promise<void> {
    const last = await this.engine.client.call("library.get", {
      gallery: null,
    });
    const known = new Set(this.networks.list.map((n) => n.id));
    const lastNetwork = last?.gallery.request.columns[0]?.network;
    const wanted = [
      this.remembered.get(networkKey, text),
      lastNetwork,
      this.networks.list.find((n) => n.bundled)?.id,
      this.networks.list[0]?.id,
    ].find((id) => id !== null && id !== undefined && known.has(id));
    if (wanted) this.#adoptNetwork(await this.networks.select(wanted));
    if (last && (lastNetwork === wanted || !wanted)) {
      this.gallery = Gallery.of(last.gallery, last.runs);
      if (!wanted) this.#adoptRequest(last.gallery.request);
      else if (!this.#recalled) this.#adoptRequest(last.gallery.request);
    }
  }

  /** Whether choices were remembered for the current network. */
  #recalled = false;

  #adoptNetwork(network: NetworkInfo): void {
    const labels = this.networks.labels;
    const choices = this.remembered.get(
      choicesKey(network.hash),
      networkChoices,
    );
    const { backwardSlope, ...own } = network.defaults;
    // A card rarely says what to keep; without kept steps there is nothing to scrub.
    const defaults = { ...own, keep: own.keep || keepFor(own.steps) };
    this.#recalled = choices !== null;
    this.settings.defaults = defaults;
    this.settings.values = choices?.settings ?? {
      ...defaults,
      precision: this.#allowed(this.preferences.settings.precision),
    };
    this.columns.reset(backwardSlope);
    if (choices && choices.columns.length > 0)
      this.columns.set(choices.columns);
    this.picks.list =
      choices?.picks.filter((i) => i < network.classes) ??
      firstPicks(network.labels, labels, network.classes);
    this.picks.sets =
      this.remembered.get(setsKey(network.hash), savedSets) ?? [];
    if (this.gallery && this.gallery.network !== network.id)
      this.gallery = null;
    this.selection.select(null);
    this.scrubber.goLive();
    this.view.large = false;
  }

  #allowed(precision: "float32" | "bfloat16") {
    return this.engine.status?.precisions.includes(precision) === true
      ? precision
      : "float32";
  }

  #adoptRequest(request: GalleryRequest): void {
    this.picks.list = [...new Set(request.targets.map((t) => t.index))];
    this.columns.set(request.columns.map((c) => c.method));
    this.settings.setAll(request.settings);
  }

  async #showRecord(
    record: GalleryRecord,
    runs: readonly RunRecord[],
  ): Promise<void> {
    const network = record.request.columns[0]?.network ?? "";
    if (this.networks.current?.id !== network) {
      if (this.networks.list.some((n) => n.id === network))
        this.#adoptNetwork(await this.networks.select(network));
      else {
        this.networks.current = null;
        this.notices.info(
          `The network of this gallery, ${runs[0]?.network.name ?? network}, is not open.`,
          { remedy: "Its pictures can be looked at and exported." },
        );
      }
    }
    this.#adoptRequest(record.request);
    this.gallery = Gallery.of(record, runs);
    this.selection.select(null);
    this.scrubber.goLive();
  }

  #snapshot(): () => void {
    const network = this.networks.current;
    const picks = this.picks.list;
    const columns = this.columns.list;
    const settings = this.settings.values;
    return () => {
      this.networks.current = network;
      this.picks.list = picks;
      this.columns.list = columns;
      this.settings.values = settings;
    };
  }

  #recallView(): void {
    const choices = this.remembered.get(viewKey, viewChoices);
    if (choices) Object.assign(this.view, choices);
  }

  #remember(): void {
    const network = this.networks.current;
    const picks = [...this.picks.list];
    const columns: Method[] = this.columns.list.map((c: ColumnDraft) => ({
      ...c.method,
    }));
    const settings = this.settings.values;
    const sets = this.picks.sets.map((s) => ({
      name: s.name,
      classes: [...s.classes],
    }));
    const { contrast, tileSize, tab, classesShown, panelShown } = this.view;
    // Before the first look is over the values are not the user's.
    if (!this.settled) return;
    this.remembered.set(viewKey, {
      contrast,
      tileSize,
      tab,
      classesShown,
      panelShown,
    });
    if (!network) return;
    this.remembered.set(networkKey, network.id);
    this.remembered.set(choicesKey(network.hash), { picks, columns, settings });
    this.remembered.set(setsKey(network.hash), sets);
  }

  #columnIds(): number[] {
    return this.columns.list.map((c) => c.id);
  }
}
