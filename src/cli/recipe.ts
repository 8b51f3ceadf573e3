/** The recipe of a render where its flags leave something open: measured, or constants where that is not wanted. */
import { openBackend, type Backend } from "../main/host/backend";
import { dataFolder } from "../main/host/data-folder";
import type { OpenedNetwork } from "../main/host/networks";
import { constantsFor, Recipes } from "../main/host/recipes";
import { spellRecipe, type Fixed, type NetworkRecipe } from "../shared/recipe";
import type { AscentSettings } from "../shared/domain";
import type { Context, Flag, Values } from "./command";
import { ProgressLine } from "./progress-line";

export const recipeFlags: Readonly<Record<string, Flag>> = {
  "no-measure": {
    help: "take constants, where neither --step-size nor the network's card decides how images climb",
  },
};

/** What flags give of a recipe; `settings` are the flags completed with anything. */
export function fixedBy(
  values: Values,
  { regularization: { blur, rotate } }: AscentSettings,
): Fixed {
  return {
    ...(values.has("blur") && { blur }),
    ...(values.has("rotate") && { rotate }),
  };
}

/**
 * The recipe, measured and kept where it was not known; one line says it. Null where the
 * network's card decides, or a flag gives the step size: then blur and rotation are off unless they are given too. Rejects with the signal's reason where the user interrupts.
 */
export async function recipeFor(
  opened: OpenedNetwork,
  backend: Backend,
  { values, fixed }: { values: Values; fixed: Fixed },
  context: Context,
): Promise<NetworkRecipe | null> {
  if (opened.info.defaultsFrom === "card" || values.has("step-size"))
    return null;
  const recipe = values.has("no-measure")
    ? constantsFor(opened, fixed, "--no-measure was given.")
    : await measured(opened, backend, fixed, context);
  context.print(spellSource(recipe));
  return recipe;
}

/** "measured for this network: 240 steps of 24, ..."; of constants, why. */
export function spellSource(recipe: NetworkRecipe): string {
  const source = {
    card: "from the card",
    measured: "measured for this network",
    constants: "constants",
  }[recipe.from];
  return `${source}: ${spellRecipe(recipe)}${recipe.because && ` (${recipe.because.replace(/\.$/, "")})`}`;
}

/** For scripts. */
export function recipeObject({ measurable, ...recipe }: NetworkRecipe): object {
  void measurable;
  return recipe;
}

/** What is known without measuring. */
export async function knownRecipe(
  opened: OpenedNetwork,
  context: Context,
): Promise<NetworkRecipe> {
  const recipes = await openRecipes(context);
  return recipes.known(opened, await openBackend());
}

async function measured(
  opened: OpenedNetwork,
  backend: Backend,
  fixed: Fixed,
  context: Context,
): Promise<NetworkRecipe> {
  const recipes = await openRecipes(context);
  const line = new ProgressLine(context.stderr, "measure");
  const progress = (done: number, total: number) => {
    line.show(done, total, "");
  };
  const { signal } = context;
  try {
    return await recipes.measure(opened, backend, { signal, progress, fixed });
  } finally {
    line.clear();
  }
}

function openRecipes(context: Context): Promise<Recipes> {
  return Recipes.open(dataFolder(), (line) => {
    context.warn(line);
  });
}
