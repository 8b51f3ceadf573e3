import {
  ascentSettingsSchema,
  contrastSchema,
  galleryRequestSchema,
  methodSchema,
  type AscentSettings,
  type Method,
  type NetworkInfo,
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
import type { RememberedChoices } from "./remembered.svelte";

/** What is remembered, by key, and how it is read back. */
/** See pick.ts: classes that are minimised are below 0. */
const pick = numberIn(-1e6 - 1, 1e6);

const seedCount = bySchema(galleryRequestSchema.shape.seeds);

/** A network's own choices, under `choices:<identity>`. */
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

/** Saved sets of classes, under `sets:<identity>`. */
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
export const choicesKey = (identity: string) => `choices:${identity}`;
export const setsKey = (identity: string) => `sets:${identity}`;

/** What is remembered for a network as it is answered now; null each where there is nothing. */
export interface RememberedNetwork {
  readonly choices: NetworkChoices | null;
  readonly sets: SavedSet[] | null;
}

/**
 * What is remembered goes by a network's identity, so that another answer is another network. It once went by the hash
 * of the files: that was for the network with the answers it had then, which it is first opened with again. So the
 * first identity takes it, and no other one.
 */
export function recallNetwork(
  remembered: RememberedChoices,
  { identity, hash }: Pick<NetworkInfo, "identity" | "hash">,
): RememberedNetwork {
  const own = read(remembered, identity);
  if (own.choices || own.sets) return own;
  const old = read(remembered, hash);
  if (old.choices) remembered.set(choicesKey(hash), null);
  if (old.sets) remembered.set(setsKey(hash), null);
  return old;
}

function read(remembered: RememberedChoices, key: string): RememberedNetwork {
  return {
    choices: remembered.get(choicesKey(key), networkChoices),
    sets: remembered.get(setsKey(key), savedSets),
  };
}
