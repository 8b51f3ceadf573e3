/** Runs experiments of the Lab: cells that were computed before are read, the others computed and kept. */
import { dirname } from "node:path";
import {
  experiments,
  type Cell,
  type Experiment,
  type World,
} from "../../../engine";
import type {
  LabFrame,
  LabProgress,
  LabRowData,
} from "../../../shared/contract";
import { Fault } from "../../../shared/fault";
import { removeAbandoned } from "./abandoned";
import {
  CellStore,
  digest,
  readPicture,
  type StoredPicture,
} from "./cell-store";
import { CheckpointFolder } from "./checkpoints";
import { LabReport } from "./report";
import { checkMachine, placeOf, type LabRequest } from "./request";

export interface LabResult {
  /** In the order of the table; those of cells that were not begun are missing, long ones may be partial. */
  readonly rows: readonly LabRowData[];
  /** How many cells have no whole row. */
  readonly missing: number;
  readonly summary: LabRowData["row"];
}

export interface LabWork {
  readonly signal: AbortSignal;
  progress(progress: LabProgress): void;
  /** Pictures on their way; missing where nobody looks. */
  readonly viewer?: {
    wants(slot: string): boolean;
    frame(slot: string, header: LabFrame, image: Float32Array): void;
  };
  /** Forget what was computed before for these cells. */
  readonly fresh?: boolean;
}

/** An experiment on one world, with its store open. */
export class LabBench {
  readonly #experiment: Experiment;
  readonly #settings: unknown;
  readonly #world: World;
  readonly #store: CellStore<unknown>;
  readonly #folder: string;

  private constructor(
    experiment: Experiment,
    settings: unknown,
    world: World,
    { store, folder }: { store: CellStore<unknown>; folder: string },
  ) {
    this.#experiment = experiment;
    this.#settings = settings;
    this.#world = world;
    this.#store = store;
    this.#folder = folder;
  }

  /** Throws a Fault `invalid-request` for settings that are none, or without the network it needs. */
  static async open(request: LabRequest): Promise<LabBench> {
    const experiment = experiments[request.experiment];
    const { spec } = experiment;
    const { settings, network, folder } = placeOf(request);
    checkMachine(settings, network, request.backend);
    const store = await CellStore.open(folder, spec);
    const world: World = {
      network: network?.network ?? null,
      head: network?.info.head ?? "softmax",
      defaults: network?.info.defaults ?? null,
      runtime: request.backend?.runtime ?? null,
      images: request.images,
      checkpoints: new CheckpointFolder(folder, spec.version),
    };
    return new LabBench(experiment, settings, world, { store, folder });
  }

  /** A kept picture without the rows around it, which are much to read for one; null where there is none. */
  static async picture(
    request: LabRequest,
    key: string,
  ): Promise<StoredPicture | null> {
    return readPicture(placeOf(request).folder, key);
  }

  /** What is there without computing anything. */
  stored(): LabResult {
    const found = new Map<string, unknown>();
    const rows = new Map<string, LabRowData>();
    const cells = this.#experiment.plan(this.#settings, this.#world);
    let missing = 0;
    for (const cell of cells) {
      const { key } = cell;
      const told = this.#told(cell);
      if (!told || told.partial) missing++;
      if (!told) continue;
      rows.set(key, told);
      found.set(key, told.row);
    }
    return {
      rows: [...rows.values()],
      missing,
      summary: plain(
        this.#experiment.summarize(this.#settings, found, this.#world),
      ),
    };
  }

  /**
   * Computes what is missing; a cancel keeps every row that is finished. Rows are on disk before they are told.
   * Throws what the experiment throws, with all that finished kept; and at the end a Fault `not-finite` where a row
   * has numbers that are none, which is not kept.
   */
  async run(work: LabWork): Promise<LabResult> {
    const { signal, fresh = false } = work;
    const cells = this.#experiment.plan(this.#settings, this.#world);
    const missing = cells.filter(
      ({ key }) => fresh || this.#store.get(key) === undefined,
    );
    const left = new Set(missing.map(({ key }) => key));
    const report = new LabReport(
      cells.reduce((sum, { work }) => sum + work, 0),
      missing.reduce((sum, { work }) => sum + work, 0),
      (progress) => {
        work.progress(progress);
      },
    );
    await removeAbandoned(
      dirname(this.#folder),
      new Set(cells.map(({ key }) => digest(key))),
    );
    if (fresh) await this.#forget(left);
    let unkept: Fault | null = null;
    for (const cell of cells) {
      const told = this.#told(cell);
      if (told && (told.partial ?? !left.has(cell.key))) report.row(told);
    }
    report.flush(true);
    try {
      if (missing.length > 0 && !signal.aborted)
        for await (const happening of this.#experiment.compute(
          missing,
          this.#settings,
          this.#world,
          { signal },
        )) {
          if (happening.kind === "work")
            report.did(happening.work, happening.before);
          else if (happening.kind === "row") {
            const { key, row } = happening;
            const problem = this.#problemOf(row);
            unkept ??= problem;
            if (problem) continue;
            await this.#store.put(key, row);
            report.row({ key, row: plain(row) });
          } else if (happening.kind === "partial") {
            const { key, row, keep } = happening;
            if (this.#problemOf(row)) continue;
            await this.#store.putPartial(key, row, { keep });
            report.row({ key, row: plain(row), partial: true });
          } else {
            const { key, shape, image, step, final } = happening;
            if (final)
              await this.#store.putPicture(key, {
                shape,
                values: image.slice(),
              });
            // keys are long, names of slots are not
            const slot = digest(key);
            if (work.viewer && (final || work.viewer.wants(slot)))
              work.viewer.frame(slot, { key, step, shape: [...shape] }, image);
          }
          report.flush();
        }
    } finally {
      report.flush(true);
    }
    if (unkept) throw unkept;
    return this.stored();
  }

  /** JSON has no NaN and no infinity: a row with one could never be read back. Null where it is a row. */
  #problemOf(row: unknown): Fault | null {
    const { spec } = this.#experiment;
    const issue = spec.row.safeParse(row).error?.issues[0];
    if (!issue) return null;
    return new Fault(
      "not-finite",
      `A result of "${spec.id}" is no finite number (${issue.path.map(String).join(".")}); the others are kept.`,
      "Try a smaller step size or slope, or float32.",
    );
  }

  /** What there is of a cell; null where it has not begun. */
  #told(cell: Cell): LabRowData | null {
    const { key } = cell;
    const whole = this.#store.get(key);
    const row = whole ?? this.#store.partial(key);
    if (row === undefined) return null;
    const renewed = plain(this.#experiment.renew?.(row, cell) ?? row);
    return whole === undefined
      ? { key, row: renewed, partial: true }
      : { key, row: renewed };
  }

  /** What long cells have reached: they begin anew. */
  async #forget(keys: Iterable<string>): Promise<void> {
    for (const key of keys) {
      await this.#world.checkpoints.remove(key);
      await this.#store.dropPartial(key);
    }
  }

  picture(key: string) {
    return this.#store.picture(key);
  }
}

/** Rows are plain data by their schemas; zod's JSON type is what the wire knows. */
function plain(row: unknown): LabRowData["row"] {
  return row as LabRowData["row"];
}
