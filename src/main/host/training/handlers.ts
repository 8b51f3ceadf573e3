/** Training's rows of the engine table. */
import { join } from "node:path";
import type { EngineTable, Opening } from "../../../shared/contract";
import type { NetworkInfo } from "../../../shared/domain";
import type { Handlers } from "../../../shared/rpc";
import type { TrainingOutcome } from "../../../shared/training";
import { checkPrecision, type Backend } from "../backend";
import type { JobQueue } from "../jobs";
import { throttled } from "../throttled";
import { lookAt, readNames } from "./create";
import { pictureBudget } from "./run-experiment";
import { trainerOf } from "./trainer";
import { Trainings } from "./trainings";

type TrainingTable = Pick<
  EngineTable,
  | "training.look"
  | "training.create"
  | "training.run"
  | "training.list"
  | "training.get"
  | "training.stop-run"
  | "training.delete"
  | "training.restore"
  | "training.open"
>;

export interface TrainingHost {
  readonly backend: () => Promise<Backend>;
  /** The app's own folder. */
  readonly dataFolder: () => Promise<string>;
  /** MiB a batch may take; 0: no limit of the user's. */
  readonly memoryLimit: () => Promise<number>;
  readonly pathOf: (token: string) => string;
  /** Opens a network's folder like any other. */
  readonly open: (
    path: string,
    context: { readonly signal: AbortSignal; progress(opening: Opening): void },
  ) => Promise<NetworkInfo>;
  readonly jobs: JobQueue;
  /** Aborted when the host closes. */
  readonly closing: AbortSignal;
}

/** The folder of experiments inside the app's own. */
export function trainingIn(dataFolder: string): string {
  return join(dataFolder, "training");
}

export function trainingHandlers(host: TrainingHost): Handlers<TrainingTable> {
  let opened: Trainings | null = null;
  const trainings = async () => {
    const folder = trainingIn(await host.dataFolder());
    return (opened ??= new Trainings(folder));
  };

  return {
    "training.look": ({ token }) => lookAt(host.pathOf(token)),
    "training.create": async ({ token, plan, test }, context) => {
      const { status } = await host.backend();
      checkPrecision(status, plan.precision);
      const report = throttled(context.progress.bind(context));
      const source = host.pathOf(token);
      const tested = test === null ? null : await readNames(host.pathOf(test));
      return (await trainings()).create(
        { source, plan, tested, versions: status.versions },
        {
          signal: context.signal,
          progress: (done, total) => {
            report({ done, total });
          },
        },
      );
    },
    "training.run": async ({ id }, context) => {
      const signal = AbortSignal.any([context.signal, host.closing]);
      const turn = async (task: () => Promise<TrainingOutcome>) => {
        try {
          return await host.jobs.run(task, { signal });
        } catch (error) {
          // cancelled while it waited for its turn
          if (error === signal.reason)
            return { state: "paused", finished: 0, failed: 0 } as const;
          throw error;
        }
      };
      const limit = await host.memoryLimit();
      const trainer = async () => trainerOf(await host.backend(), limit);
      return (await trainings()).run(id, turn, trainer, {
        signal,
        progress: context.progress.bind(context),
        pictureBytes: pictureBudget(limit),
      });
    },
    "training.list": async () => (await trainings()).list(),
    "training.get": async ({ id }) => (await trainings()).get(id),
    "training.stop-run": async ({ id, run }) => {
      await (await trainings()).stopRun(id, run);
      return {};
    },
    "training.delete": async ({ id }) => {
      await (await trainings()).delete(id);
      return {};
    },
    "training.restore": async ({ id }) => {
      await (await trainings()).restore(id);
      return {};
    },
    "training.open": async ({ id, run }, context) =>
      host.open(await (await trainings()).bestOf(id, run), context),
  };
}
