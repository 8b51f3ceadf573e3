/** How images climb where nobody says otherwise: the part of a run's settings that a network decides. */
import { z } from "zod";
import { ascentSettingsSchema, type AscentSettings } from "./domain";

const { steps, stepSize, regularization } = ascentSettingsSchema.shape;

export const recipeSchema = z.strictObject({
  steps,
  stepSize,
  ...regularization.shape,
});

/** The recipe of a network's runs, and where it is from. */
export const networkRecipeSchema = recipeSchema.extend({
  from: z.enum(["card", "measured", "constants"]),
  /** Whether it can be measured here; then constants stand only until it is. */
  measurable: z.boolean(),
  /** Why constants, in a sentence; empty otherwise. */
  because: z.string().max(1000),
});

/** The numbers of a recipe that are given and not measured. */
export const fixedSchema = recipeSchema
  .pick({ stepSize: true, blur: true, rotate: true })
  .partial();

export type Recipe = z.infer<typeof recipeSchema>;
export type NetworkRecipe = z.infer<typeof networkRecipeSchema>;
export type Fixed = z.infer<typeof fixedSchema>;

/** The paper's plain step: no regularization (Linse, Barth, Martinetz, IJCNN 2024). */
export const plainRecipe: Recipe = {
  steps: 500,
  stepSize: 5,
  blur: 0,
  rotate: 0,
  rotateProbability: 0.3,
};

/** Rounds to two significant digits, so that a number that is shown is the number that is used. */
export function twoDigits(value: number): number {
  return Number(value.toPrecision(2));
}

/** The settings with a recipe's numbers. */
export function withRecipe<S extends AscentSettings>(
  settings: S,
  { steps, stepSize, blur, rotate, rotateProbability }: Recipe,
): S {
  const regularization = { blur, rotate, rotateProbability };
  return { ...settings, steps, stepSize, regularization };
}

/** In words: "300 steps of 32, blur 0.5 px, rotation 6°". */
export function spellRecipe({ steps, stepSize, blur, rotate }: Recipe): string {
  return `${steps} steps of ${stepSize}, ${blur > 0 ? `blur ${blur} px` : "no blur"}, ${rotate > 0 ? `rotation ±${rotate}°` : "no rotation"}`;
}
