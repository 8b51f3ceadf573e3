import { untrack } from "svelte";
import { randomClasses } from "../../shared/class-sets";
import type { AppEvent, MenuCommand } from "../../shared/contract";
import { takeBackTyping } from "../lib/keys";
import { Painter } from "../lib/painter";
import { pngOf } from "../lib/png";
import { Answering } from "./answering.svelte";
import { Arrivals } from "./arrivals.svelte";
import { Bench } from "./bench.svelte";
import { BestSlopes } from "./best-slopes.svelte";
import { Busy } from "./busy";
import {
  choicesKey,
  networkKey,
  setsKey,
  viewChoices,
  viewKey,
} from "./choices";
import { Engine } from "./engine.svelte";
import type { Gallery } from "./gallery.svelte";
import { Importing } from "./importing.svelte";
import { KnownNetworks } from "./known.svelte";
import { Lab } from "./lab.svelte";
import { LibraryWatch } from "./library-watch.svelte";
import { Large } from "./large.svelte";
import { Networks } from "./networks.svelte";
import { Notices } from "./notices.svelte";
import { Pictures } from "./pictures.svelte";
import { Preferences } from "./preferences.svelte";
import { RecipeState } from "./recipe.svelte";
import { RecentNetworks } from "./recent.svelte";
import { RememberedChoices } from "./remembered.svelte";
import { Runs } from "./runs.svelte";
import type { Cell } from "./selection.svelte";
import { Session } from "./session.svelte";
import { Trainings } from "./training.svelte";
import { Undo } from "./undo.svelte";
import { ViewState } from "./view.svelte";
import type { World } from "./world";

type OpenEvent = Extract<AppEvent, { kind: "open" | "open-recent" }>;

/** Everything the window knows, part by part; components see it through `useApp()`. */
export class AppState {
  readonly world: World;
  readonly notices = new Notices();
  readonly undo = new Undo(this.notices);
  readonly view = new ViewState();
  readonly painter = new Painter();
  readonly engine: Engine;
  readonly networks: Networks;
  readonly answering: Answering;
  readonly recent: RecentNetworks;
  readonly known: KnownNetworks;
  readonly libraryWatch: LibraryWatch;
  readonly importing: Importing;
  readonly pictures: Pictures;
  readonly preferences: Preferences;
  readonly remembered: RememberedChoices;
  readonly bench: Bench;
  readonly lab: Lab;
  readonly bestSlopes: BestSlopes;
  readonly training: Trainings;
  readonly recipe: RecipeState;
  readonly runs: Runs;
  readonly large: Large;
  readonly session: Session;
  readonly arrivals: Arrivals;

  constructor(world: World) {
    this.world = world;
    this.engine = new Engine(world);
    this.networks = new Networks(this.engine);
    this.answering = new Answering(
      this.engine,
      this.networks,
      (before, network) => {
        this.session.followAnswers(before, network);
      },
    );
    this.recent = new RecentNetworks(world);
    this.known = new KnownNetworks(this.engine);
    this.libraryWatch = new LibraryWatch(this.engine);
    this.importing = new Importing(this.engine);
    this.pictures = new Pictures(this.engine);
    this.preferences = new Preferences(world);
    this.remembered = new RememberedChoices(world);
    this.bench = new Bench(this.networks, this.undo);
    this.recipe = new RecipeState(this);
    const shared = {
      ...this,
      app: world.app,
      busy: new Busy(world.app),
      painted: () => this.painter.settled(),
    };
    this.runs = new Runs(shared);
    this.lab = new Lab(shared);
    this.bestSlopes = new BestSlopes(this.remembered);
    this.large = new Large(this.bench, this.notices);
    this.session = new Session({
      ...this,
      locate: (lost) => void this.arrivals.locate(lost),
      reachTrained: (network) => this.training.networks.reach(network),
    });
    const running = () => this.runner.running !== null;
    this.training = new Trainings({
      ...shared,
      session: this.session,
      running,
    });
    this.arrivals = new Arrivals({ ...this, running });
  }

  // The parts of the bench by their own names.
  get picks() {
    return this.bench.picks;
  }
  get columns() {
    return this.bench.columns;
  }
  get settings() {
    return this.bench.settings;
  }
  get selection() {
    return this.bench.selection;
  }
  get scrubber() {
    return this.bench.scrubber;
  }
  get gallery(): Gallery | null {
    return this.bench.gallery;
  }
  get runner() {
    return this.runs.runner;
  }

  run(): void {
    this.runs.run();
  }

  /** Stops what is looked at. */
  stop(): void {
    if (this.#labPage) this.#labPage.stop();
    else this.runs.stop();
  }

  /** The Lab's page, where that is what is looked at. */
  get #labPage() {
    return this.view.workspace === "lab" ? this.lab.shown : null;
  }

  openGallery(id: string): Promise<void> {
    return this.session.openGallery(id);
  }

  forgetGallery(id: string): void {
    this.session.forgetGallery(id);
  }

  pickRandom(count: number): void {
    const classes = this.networks.current?.classes ?? 0;
    this.picks.replace(
      randomClasses(count, classes, () => this.world.random()),
      `Picked random ${this.bench.units[1]}`,
    );
  }

  /** Opens the export dialog; null: every finished run. */
  exportRuns(runs: readonly string[] | null = null): void {
    const { gallery } = this;
    if (!gallery?.id || gallery.finished === 0) {
      this.notices.info("There is no finished picture to export yet.");
      return;
    }
    this.view.dialog = { kind: "export", gallery: gallery.id, runs };
  }

  /** Shows in the system's file manager what was written. */
  async reveal(token: string): Promise<void> {
    try {
      await this.world.app.call("file.reveal", { token });
    } catch (error) {
      this.notices.error(error);
    }
  }

  /** Lets the user choose another folder for the library. */
  async chooseLibraryFolder(): Promise<void> {
    try {
      await this.preferences.chooseLibraryFolder();
    } catch (error) {
      this.notices.error(error);
    }
    await this.libraryWatch.check();
  }

  /** Puts a tile's picture on the clipboard as it is seen. */
  async copyPicture(cell: Cell): Promise<void> {
    const tile = this.bench.tileAt(cell);
    const picture = tile && this.bench.shownPicture(tile).picture;
    if (!picture) return;
    try {
      const bytes = await pngOf(picture, this.view.contrast);
      await this.world.app.call("clipboard.picture", {}, { bytes });
      this.notices.info("Copied the picture.");
    } catch (error) {
      this.notices.error(error);
    }
  }

  /** A command of the menu or of a key. */
  command(command: MenuCommand): void {
    switch (command) {
      case "open-network":
        void this.arrivals.chooseNetwork();
        break;
      case "open-network-folder":
        void this.arrivals.chooseNetwork("folder");
        break;
      case "open-gallery":
        void this.arrivals.chooseGallery();
        break;
      case "run":
        if (this.#labPage) this.#labPage.run();
        else this.runs.run();
        break;
      case "stop":
        this.stop();
        break;
      case "export":
        if (this.#labPage) void this.lab.exportPage("html");
        else this.exportRuns();
        break;
      case "undo":
        // The menu cannot know that a text field has the focus.
        if (!takeBackTyping("undo")) void this.undo.take();
        break;
      case "redo":
        if (!takeBackTyping("redo")) void this.undo.again();
        break;
      case "show-compare":
      case "show-network":
      case "show-lab":
      case "show-library":
        this.view.workspace = command.slice("show-".length);
        break;
      case "large":
        this.large.open();
        break;
      case "settings":
      case "shortcuts":
      case "about":
        this.view.dialog = { kind: command };
        break;
    }
  }

  /** What came before the first look at the engine was over; it waits for that. */
  readonly #early: OpenEvent[] = [];

  /** Main asks for something to be opened: from the command line, the system or the menu. */
  #open(event: OpenEvent): void {
    if (!this.session.settled) this.#early.push(event);
    else if (event.kind === "open-recent")
      void this.session.selectNetwork(event.network);
    else if (event.what === "gallery") void this.arrivals.importGallery(event);
    else void this.arrivals.openNetwork(event);
  }

  /** Loads what is remembered and goes to the engine; returns its off. */
  start(): () => void {
    const loaded = Promise.all([
      this.preferences.load(),
      this.remembered.load(),
      this.recent.load(),
    ])
      .then(() => {
        const choices = this.remembered.get(viewKey, viewChoices);
        if (choices) Object.assign(this.view, choices);
        this.lab.recall();
        this.training.recall();
      })
      .catch((error: unknown) => {
        this.notices.error(error);
      });
    let begun = false;
    const offs = [
      this.world.onEvent((event) => {
        if (event.kind === "menu") this.command(event.command);
        if (event.kind === "resumed" && this.runner.running)
          this.notices.info("The machine slept. The run goes on.");
        if (event.kind === "open" || event.kind === "open-recent")
          this.#open(event);
      }),
      this.engine.onReady(() => {
        const again = begun;
        begun = true;
        void loaded.then(() =>
          again ? this.session.resume() : this.session.begin(),
        );
      }),
      this.engine.start(),
      $effect.root(() => {
        $effect(() => {
          this.#remember();
        });
        $effect(() => {
          this.bench.tidySelection();
        });
        $effect(() => {
          const network = this.networks.current;
          untrack(() => {
            this.answering.turnTo(network);
          });
        });
        $effect(() => {
          // Again when an engine has come, another folder was chosen, or a run has ended, which may not have been kept.
          void this.preferences.settings.libraryFolder;
          void this.runner.running;
          if (this.engine.state === "ready") void this.libraryWatch.check();
        });
        $effect(() => {
          this.bestSlopes.learn(this.lab.of("sweep"));
        });
        $effect(() => {
          if (!this.session.settled) return;
          for (const event of this.#early.splice(0)) this.#open(event);
        });
      }),
    ];
    return () => {
      void this.remembered.flush();
      for (const off of offs) off();
    };
  }

  /** Follows every choice that is kept from one start to the next. */
  #remember(): void {
    const { contrast, tileSize, tab, classesShown, panelShown } = this.view;
    const network = this.networks.current;
    const { picks, columns, settings } = this;
    // Before the first look is over the values are not the user's.
    if (!this.session.settled) return;
    this.remembered.set(viewKey, {
      contrast,
      tileSize,
      tab,
      classesShown,
      panelShown,
    });
    if (!network) return;
    this.remembered.set(networkKey, network.id);
    this.remembered.set(choicesKey(network.identity), {
      picks: [...picks.list],
      columns: columns.list.map((column) => ({ ...column.method })),
      settings: settings.values,
      seeds: settings.seeds,
    });
    this.remembered.set(
      setsKey(network.identity),
      picks.sets.map(({ name, classes }) => ({ name, classes: [...classes] })),
    );
  }
}
