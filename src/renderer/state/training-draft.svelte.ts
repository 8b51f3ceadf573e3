import { encodeFault, type FaultData } from "../../shared/fault";
import { sentenceOf } from "../../shared/lab/settings";
import {
  defaultTrainingPlan,
  trainingPlanSchema,
  type Training,
  type TrainingLook,
  type TrainingPlan,
} from "../../shared/training";
import type { Engine } from "./engine.svelte";
import type { Notices } from "./notices.svelte";
import type { RememberedChoices } from "./remembered.svelte";
import type { AppCaller, ChosenFile } from "./world";

export interface TrainingDraftServices {
  readonly app: AppCaller;
  readonly engine: Engine;
  readonly remembered: RememberedChoices;
  readonly notices: Notices;
}

/** What was chosen to train on, and what is in it. */
interface Data {
  readonly chosen: ChosenFile;
  readonly look: TrainingLook;
}

const planKey = "training:plan";

/** What is to be trained next: data and plan, before an experiment is made of them. */
export class TrainingDraft {
  plan = $state.raw<TrainingPlan>(defaultTrainingPlan);
  data = $state.raw<Data | null>(null);
  looking = $state(false);
  /** Names of the test part, in place of a share. */
  test = $state.raw<ChosenFile | null>(null);
  /** Pictures looked at while an experiment is made. */
  preparing = $state.raw<{ done: number; total: number } | null>(null);
  /** What went wrong with the data or the plan. */
  fault = $state.raw<FaultData | null>(null);

  readonly #services: TrainingDraftServices;
  #abort: AbortController | null = null;

  constructor(services: TrainingDraftServices) {
    this.#services = services;
  }

  /** Takes the plan of the last time. */
  recall(): void {
    this.plan =
      this.#services.remembered.get(planKey, (value) => {
        const parsed = trainingPlanSchema.safeParse(value);
        return parsed.success ? parsed.data : null;
      }) ?? this.plan;
  }

  async chooseFolder(): Promise<void> {
    const { app, notices } = this.#services;
    try {
      const chosen = await app.call("choose.folder", { what: "training" });
      if (chosen) await this.use(chosen);
    } catch (error) {
      notices.error(error);
    }
  }

  async chooseFile(what: "archive" | "test-names"): Promise<void> {
    const { app, notices } = this.#services;
    try {
      const chosen = await app.call("choose.file", { what });
      if (chosen && what === "archive") await this.use(chosen);
      else if (chosen) this.test = chosen;
    } catch (error) {
      notices.error(error);
    }
  }

  /** Looks at a folder of class folders, or an archive of it. */
  async use(chosen: ChosenFile): Promise<void> {
    if (this.looking || this.preparing) return;
    this.fault = null;
    this.data = null;
    this.looking = true;
    try {
      const look = await this.#services.engine.client.call("training.look", {
        token: chosen.token,
      });
      this.data = { chosen, look };
    } catch (error) {
      this.fault = encodeFault(error);
    } finally {
      this.looking = false;
    }
  }

  /** Changes the plan. Returns what is wrong, in which case it stays; null where all is well. */
  change(part: Partial<TrainingPlan>): string | null {
    const parsed = trainingPlanSchema.safeParse({ ...this.plan, ...part });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return issue ? sentenceOf(issue) : "This is not valid.";
    }
    this.plan = parsed.data;
    this.#services.remembered.set(planKey, parsed.data);
    return null;
  }

  /** Makes an experiment of data and plan; null: it was cancelled, or `fault` says why not. */
  async make(): Promise<Training | null> {
    const { data } = this;
    if (!data || this.preparing) return null;
    const abort = new AbortController();
    this.#abort = abort;
    this.fault = null;
    this.preparing = { done: 0, total: 0 };
    try {
      return await this.#services.engine.client.job(
        "training.create",
        {
          token: data.chosen.token,
          plan: this.plan,
          test: this.test?.token ?? null,
        },
        {
          signal: abort.signal,
          onProgress: (progress) => {
            this.preparing = progress;
          },
        },
      );
    } catch (error) {
      if (!abort.signal.aborted) this.fault = encodeFault(error);
      return null;
    } finally {
      this.#abort = null;
      this.preparing = null;
    }
  }

  cancel(): void {
    this.#abort?.abort();
  }
}
