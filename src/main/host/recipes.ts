/** Recipes that were measured, by what they hold for: measuring one takes seconds, and gives the same again. */
import { join } from "node:path";
import { z } from "zod";
import {
  batchThatFits,
  calibrate as engineCalibrate,
  constantRecipe,
} from "../../engine";
import { firstPicks } from "../../shared/class-sets";
import { unitWords } from "../../shared/head";
import {
  recipeSchema,
  type Fixed,
  type NetworkRecipe,
  type Recipe,
} from "../../shared/recipe";
import type { Backend } from "./backend";
import { memoryBudget } from "./memory";
import type { OpenedNetwork } from "./networks";
import { VersionedFile } from "./versioned-file";

/** Counts up when calibration would measure other numbers than before. */
const calibrationVersion = 1;

const fileSchema = z.strictObject({
  version: z.literal(1),
  /** The latest first. */
  recipes: z
    .array(
      z.strictObject({
        /** As {@link keyOf}. */
        key: z.string().max(300),
        recipe: recipeSchema,
      }),
    )
    .max(2000),
});
type File = z.infer<typeof fileSchema>;

const mostRecipes = 1000;
/** In one native call. */
const mostImages = 8;

/** Numbers that suit most networks, where none are measured. */
export function constantsFor(
  { network }: Pick<OpenedNetwork, "network">,
  fixed: Fixed,
  because: string,
  measurable = false,
): NetworkRecipe {
  return {
    ...constantRecipe(network.input),
    ...fixed,
    from: "constants",
    measurable,
    because,
  };
}

export interface MeasureOptions {
  readonly signal: AbortSignal;
  /** Image-steps done and to do. */
  readonly progress?: (done: number, total: number) => void;
  /** What is given and needs no measuring. */
  readonly fixed?: Fixed;
}

export class Recipes {
  readonly #file: VersionedFile<File> | null;
  readonly #calibrate: typeof engineCalibrate;
  #recipes: File["recipes"];

  private constructor(
    file: VersionedFile<File> | null,
    calibrate: typeof engineCalibrate,
  ) {
    this.#file = file;
    this.#calibrate = calibrate;
    this.#recipes = file?.value.recipes ?? [];
  }

  /** In the app's own folder; null keeps them in memory. `calibrate`: the engine's, unless a test brings its own. */
  static async open(
    folder: string | null,
    log: (line: string) => void,
    calibrate: typeof engineCalibrate = engineCalibrate,
  ): Promise<Recipes> {
    const file =
      folder === null
        ? null
        : await VersionedFile.open<File>(
            join(folder, "recipes.json"),
            fileSchema,
            { version: 1, recipes: [] },
            log,
          );
    return new Recipes(file, calibrate);
  }

  /** What is known without measuring: the card's, a measured one, or constants. */
  known(
    { info, network }: OpenedNetwork,
    backend: Backend,
    fixed: Fixed = {},
  ): NetworkRecipe {
    if (info.defaultsFrom === "card")
      return {
        ...recipeOf(info),
        ...fixed,
        from: "card",
        measurable: false,
        because: "",
      };
    const key = keyOf(info, backend, fixed);
    const found = this.#recipes.find((entry) => entry.key === key);
    if (found)
      return {
        ...found.recipe,
        from: "measured",
        measurable: true,
        because: "",
      };
    const measurable = backend.runtime !== null;
    const because = measurable
      ? "They have not been measured yet."
      : `Without native TensorFlow (${backend.status.title}) measuring takes too long.`;
    return constantsFor({ network }, fixed, because, measurable);
  }

  /**
   * The recipe, measured where it is not known yet, and kept. Constants where nothing can be measured.
   * Rejects with the signal's reason where it is cancelled; nothing is kept then.
   */
  async measure(
    opened: OpenedNetwork,
    backend: Backend,
    { signal, progress, fixed = {} }: MeasureOptions,
  ): Promise<NetworkRecipe> {
    const known = this.known(opened, backend, fixed);
    const { runtime } = backend;
    if (known.from !== "constants" || runtime === null) return known;
    const { info, network } = opened;
    const found = await this.#calibrate(
      {
        network,
        runtime,
        classes: firstPicks(info.labels, info.classes),
        batch: batchThatFits(network, memoryBudget(), mostImages),
        fixed,
      },
      { signal, ...(progress && { progress }) },
    );
    if (!found)
      return {
        ...known,
        because: `No ${unitWords(info.head)[0]}'s score rises in a short ascent.`,
      };
    const key = keyOf(info, backend, fixed);
    const others = this.#recipes.filter((entry) => entry.key !== key);
    this.#recipes = [{ key, recipe: found.recipe }, ...others].slice(
      0,
      mostRecipes,
    );
    // where it cannot be written it is measured again at the next start
    await this.#file
      ?.save({ version: 1, recipes: this.#recipes })
      .catch(() => undefined);
    return this.known(opened, backend, fixed);
  }
}

function recipeOf({ defaults }: OpenedNetwork["info"]): Recipe {
  const { steps, stepSize, regularization } = defaults;
  return { steps, stepSize, ...regularization };
}

/** The network with its answers, the arithmetic, what was given, and how it was measured. */
function keyOf(
  { identity }: OpenedNetwork["info"],
  { status }: Backend,
  { stepSize, blur, rotate }: Fixed,
): string {
  const given = JSON.stringify([
    stepSize ?? null,
    blur ?? null,
    rotate ?? null,
  ]);
  return [
    identity,
    status.backend,
    status.device,
    given,
    calibrationVersion,
  ].join(" ");
}
