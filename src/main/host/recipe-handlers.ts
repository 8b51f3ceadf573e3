/** The rows of the engine table that say how a network's runs climb. */
import type { EngineTable } from "../../shared/contract";
import type { Handlers } from "../../shared/rpc";
import type { Backend } from "./backend";
import type { JobQueue } from "./jobs";
import type { Networks } from "./networks";
import { Recipes } from "./recipes";
import { throttled } from "./throttled";

type RecipeTable = Pick<EngineTable, "networks.recipe" | "networks.calibrate">;

export interface RecipeHost {
  readonly networks: () => Promise<Networks>;
  readonly backend: () => Promise<Backend>;
  /** The app's own folder. */
  readonly dataFolder: () => Promise<string>;
  readonly jobs: JobQueue;
  /** Aborted when the host closes. */
  readonly closing: AbortSignal;
  readonly log: (line: string) => void;
}

export function recipeHandlers(host: RecipeHost): Handlers<RecipeTable> {
  let opened: Promise<Recipes> | null = null;
  const recipes = () =>
    (opened ??= host
      .dataFolder()
      .then((folder) => Recipes.open(folder, host.log)));

  return {
    "networks.recipe": async ({ network }) =>
      (await recipes()).known(
        await (await host.networks()).get(network),
        await host.backend(),
      ),
    "networks.calibrate": async ({ network }, context) => {
      const signal = AbortSignal.any([context.signal, host.closing]);
      const report = throttled(context.progress.bind(context));
      const progress = (done: number, total: number) => {
        report({ done, total });
      };
      // a network that waits for its turn may be measured by the one before
      return host.jobs.run(
        async () =>
          (await recipes()).measure(
            await (await host.networks()).get(network),
            await host.backend(),
            { signal, progress },
          ),
        { signal },
      );
    },
  };
}
