/** Runs experiments of the Lab: cells that were computed before are read, the others computed and kept. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import {
  experiments,
  type Experiment,
  type ImageSource,
  type World,
} from "../../../engine";
import type {
  LabFrame,
  LabProgress,
  LabRowData,
} from "../../../shared/contract";
import { precisionSchema } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import { worksOnNetwork, type ExperimentId } from "../../../shared/lab";
import { check } from "../../../shared/rpc/wire";
import { checkPrecision, type Backend } from "../backend";
import { checkBatch } from "../memory";
import type { OpenedNetwork } from "../networks";
import { CellStore, digest } from "./cell-store";
import { CheckpointFolder } from "./checkpoints";
import { LabReport } from "./report";

/** What an experiment is run on. */
export interface LabRequest {
  readonly experiment: ExperimentId;
  readonly settings: unknown;
  readonly network: OpenedNetwork | null;
  /** Null for experiments that do not work with tensors. */
  readonly backend: Backend | null;
  readonly images: ImageSource | null;
  /** `<data folder>/lab`. */
  readonly folder: string;
}

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

  private constructor(
    experiment: Experiment,
    settings: unknown,
    world: World,
    store: CellStore<unknown>,
  ) {
    this.#experiment = experiment;
    this.#settings = settings;
    this.#world = world;
    this.#store = store;
  }

  /** Throws a Fault `invalid-request` for settings that are none, or without the network it needs. */
  static async open(request: LabRequest): Promise<LabBench> {
    const experiment = experiments[request.experiment];
    const { spec } = experiment;
    const settings = check(spec.settings, request.settings);
    if (settings.problem !== undefined)
      throw new Fault(
        "invalid-request",
        `The settings are not valid: ${settings.problem}.`,
      );
    // settings are an object by every experiment's schema
    const network = worksOnNetwork(spec, settings.value as object)
      ? request.network
      : null;
    if (spec.network === "needed" && !network)
      throw new Fault(
        "invalid-request",
        "This experiment needs a network.",
        "Open one first.",
      );
    checkMachine(settings.value, network, request.backend);
    const folder = join(
      request.folder,
      spec.id,
      storeName(network, request.backend),
    );
    const store = await CellStore.open(folder, spec);
    const world: World = {
      network: network?.network ?? null,
      defaults: network?.info.defaults ?? null,
      runtime: request.backend?.runtime ?? null,
      images: request.images,
      checkpoints: new CheckpointFolder(join(folder, "checkpoints")),
    };
    return new LabBench(experiment, settings.value, world, store);
  }

  /** What is there without computing anything. */
  stored(): LabResult {
    const found = new Map<string, unknown>();
    const cells = this.#experiment.plan(this.#settings, this.#world);
    let missing = 0;
    for (const { key } of cells) {
      const whole = this.#store.get(key);
      if (whole === undefined) missing++;
      const row = whole ?? this.#store.partial(key);
      if (row !== undefined) found.set(key, row);
    }
    return {
      rows: [...found.keys()].flatMap((key) => this.#told(key) ?? []),
      missing,
      summary: plain(
        this.#experiment.summarize(this.#settings, found, this.#world),
      ),
    };
  }

  /**
   * Computes what is missing; a cancel keeps every row that is finished. Rows are on disk before they are told.
   * Throws what the experiment throws, with all that finished kept.
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
    if (fresh) await this.#forget(left);
    for (const { key } of cells) {
      const told = this.#told(key);
      if (told && (told.partial ?? !left.has(key))) report.row(told);
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
            await this.#store.put(key, row);
            report.row({ key, row: plain(row) });
          } else if (happening.kind === "partial") {
            const { key, row, keep } = happening;
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
    return this.stored();
  }

  /** What there is of a cell; null where it has not begun. */
  #told(key: string): LabRowData | null {
    const whole = this.#store.get(key);
    if (whole !== undefined) return { key, row: plain(whole) };
    const partial = this.#store.partial(key);
    return partial === undefined
      ? null
      : { key, row: plain(partial), partial: true };
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

  clear(): Promise<void> {
    return this.#store.clear();
  }
}

/** The settings by which an ascent can be too much for a machine; an experiment that has them names them so. */
const machineSchema = z.object({
  precision: precisionSchema.nullable().default(null),
  batch: z.int().nullable().default(null),
});

/** Throws a Fault where the machine cannot compute in this precision, or a batch through the network does not fit. */
function checkMachine(
  settings: unknown,
  network: OpenedNetwork | null,
  backend: Backend | null,
): void {
  const { data } = machineSchema.safeParse(settings);
  if (data?.precision && backend)
    checkPrecision(backend.status, data.precision);
  if (data?.batch && network) checkBatch(network.network, data.batch);
}

/** Rows depend on the network with its answers, and on the backend's arithmetic. */
function storeName(
  network: OpenedNetwork | null,
  backend: Backend | null,
): string {
  const arithmetic = backend?.status.backend ?? "none";
  if (!network) return `no-network-${arithmetic}`;
  const { hash, input, preprocessing } = network.info;
  const answers = createHash("sha256")
    .update(JSON.stringify([input, preprocessing]))
    .digest("hex");
  return `${hash.slice(0, 16)}-${answers.slice(0, 8)}-${arithmetic}`;
}

/** Rows are plain data by their schemas; zod's JSON type is what the wire knows. */
function plain(row: unknown): LabRowData["row"] {
  return row as LabRowData["row"];
}
