import {
  ascentSettingsSchema,
  contrastSchema,
  galleryRequestSchema,
  methodSchema,
  type AscentSettings,
  type Method,
} from "../../shared/domain";
import type { TileSize } from "../lib/layout";
import {
  bySchema,
  either,
  fields,
  flag,
  listOf,
  numberIn,
  oneOf,
  text,
  type Reader,
} from "../lib/readers";
import type { SavedSet } from "./picks.svelte";

/** What is remembered, by key, and how it is read back. */
/** See pick.ts: classes that are minimised are below 0. */
const pick = numberIn(-1e6 - 1, 1e6);

const seedCount = bySchema(galleryRequestSchema.shape.seeds);

/** A network's own choices, under `choices:<hash>`. */
export interface NetworkChoices {
  readonly picks: number[];
  readonly columns: Method[];
  readonly settings: AscentSettings;
  readonly seeds: number;
}

export const networkChoices: Reader<NetworkChoices> = fields<NetworkChoices>({
  picks: listOf(pick),
  columns: listOf(bySchema(methodSchema)),
  settings: bySchema(ascentSettingsSchema),
  // remembered before there were several
  seeds: (value) => (value === undefined ? 1 : seedCount(value)),
});

/** Saved sets of classes, under `sets:<hash>`. */
export const savedSets: Reader<SavedSet[]> = listOf(
  fields<{ name: string; classes: number[] }>({
    name: text,
    classes: listOf(pick),
  }),
);

export const tileSize: Reader<TileSize> = either(
  oneOf("fit", "natural"),
  numberIn(32, 2048),
);

export interface ViewChoices {
  readonly contrast: "raw" | "sigma" | "percentile";
  readonly tileSize: TileSize;
  readonly tab: "picture" | "run";
  readonly classesShown: boolean;
  readonly panelShown: boolean;
}

/** The window's, under `view`. */
export const viewChoices: Reader<ViewChoices> = fields<ViewChoices>({
  contrast: bySchema(contrastSchema),
  tileSize,
  tab: oneOf("picture", "run"),
  classesShown: flag,
  panelShown: flag,
});

export const networkKey = "network";
export const viewKey = "view";
export const choicesKey = (hash: string) => `choices:${hash}`;
export const setsKey = (hash: string) => `sets:${hash}`;
