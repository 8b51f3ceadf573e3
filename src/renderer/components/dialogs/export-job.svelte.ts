import { encodeFault, type FaultData } from "../../../shared/fault";
import type { AppState } from "../../state/app.svelte";
import type { ExportPlan } from "./export-plan";

/** A file or folder the user chose. */
interface Target {
  readonly token: string;
  readonly name: string;
}

export type ExportPhase =
  | { readonly kind: "choosing" }
  | { readonly kind: "writing"; readonly done: number; readonly total: number }
  /** Nothing was written yet: these are in the way. */
  | { readonly kind: "exists"; readonly files: readonly string[] }
  | {
      readonly kind: "written";
      readonly files: number;
      readonly bytes: number;
      readonly name: string;
      /** Of what was written. */
      readonly token: string;
      /** Runs that were left out, and why, of the first. */
      readonly left: number;
      readonly why: readonly string[];
    }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly fault: FaultData };

/** The parts of the app an export needs. */
type Services = Pick<AppState, "world" | "engine">;

/** One export from the question where to the last word about it. */
export class ExportJob {
  phase = $state.raw<ExportPhase>({ kind: "choosing" });
  readonly #services: Services;
  readonly #gallery: string;
  #abort: AbortController | null = null;
  /** What was asked for when files turned out to be in the way. */
  #waiting: { plan: ExportPlan; target: Target } | null = null;

  constructor(services: Services, gallery: string) {
    this.#services = services;
    this.#gallery = gallery;
  }

  /** Asks where, then writes. Nothing happens where the user thinks better of it. */
  async start(plan: ExportPlan, suggestion: string): Promise<void> {
    try {
      const target = await this.#services.world.app.call("choose.export", {
        format: plan.format,
        suggestion,
      });
      if (target) await this.#write(plan, target, false);
    } catch (error) {
      this.phase = { kind: "failed", fault: encodeFault(error) };
    }
  }

  /** The yes to what `exists` asks. */
  async overwrite(): Promise<void> {
    const waiting = this.#waiting;
    if (waiting) await this.#write(waiting.plan, waiting.target, true);
  }

  /** Ends what is being written; nothing of it stays. */
  cancel(): void {
    this.#abort?.abort();
  }

  /** Back to the questions. */
  again(): void {
    this.#waiting = null;
    this.phase = { kind: "choosing" };
  }

  async #write(
    plan: ExportPlan,
    target: Target,
    overwrite: boolean,
  ): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#waiting = null;
    this.phase = { kind: "writing", done: 0, total: 0 };
    try {
      const result = await this.#services.engine.client.job(
        "export",
        {
          gallery: this.#gallery,
          runs: plan.runs ? [...plan.runs] : null,
          format: plan.format,
          contrast: plan.contrast,
          token: target.token,
          overwrite,
        },
        {
          signal: abort.signal,
          onProgress: ({ done, total }) => {
            this.phase = { kind: "writing", done, total };
          },
        },
      );
      if (result.outcome === "exists") {
        this.#waiting = { plan, target };
        this.phase = { kind: "exists", files: result.files };
      } else if (result.outcome === "cancelled")
        this.phase = { kind: "cancelled" };
      else
        this.phase = {
          kind: "written",
          files: result.files,
          bytes: result.bytes,
          left: result.left,
          why: result.why,
          name: target.name,
          token: target.token,
        };
    } catch (error) {
      this.phase = abort.signal.aborted
        ? { kind: "cancelled" }
        : { kind: "failed", fault: encodeFault(error) };
    } finally {
      this.#abort = null;
    }
  }
}
