import type { Contrast } from "../../shared/domain";
import type { TileSize } from "../lib/layout";

export type PanelTab = "picture" | "run";

/** What a dialog is open, and about what. */
export type DialogRequest =
  | {
      readonly kind: "export";
      readonly gallery: string;
      /** Runs chosen beforehand; null: all. */
      readonly runs: readonly string[] | null;
    }
  | { readonly kind: "settings" }
  | { readonly kind: "shortcuts" }
  | { readonly kind: "about" };

/** How the window looks at things; changes no picture. */
export class ViewState {
  workspace = $state("compare");
  tab = $state<PanelTab>("picture");
  contrast = $state<Contrast>("sigma");
  tileSize = $state<TileSize>("fit");
  /** Width of the pictures in the grid as they are laid out now, CSS px. */
  pictureWidth = $state(128);
  /** The side panels can be folded away where the window is small. */
  classesShown = $state(true);
  panelShown = $state(true);
  /** The sheet with what came in of the network and what is asked about it. */
  cardShown = $state(false);
  dialog = $state.raw<DialogRequest | null>(null);
}
