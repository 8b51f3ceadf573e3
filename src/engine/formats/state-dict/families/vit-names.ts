/** timm's names of vision transformers that are built, and the heads that a name stands for. */
import type { Architecture } from "../family";

export const timmArchitectures: readonly Architecture[] = [
  // other norms, positions and activations than the weights show
  [/clip|siglip|rope|pos_|dinov|_xp|giant|gigantic|mci|eupe|parallel/, null],
  [/^vit_base_patch16_gap_224$/, { heads: "16" }],
  [/_plus_|^vit_(?:wee|little|betwixt|mediumd|so150m)/, {}],
  [/^(?:vit|deit|deit3)_tiny_/, { heads: "3" }],
  [/^(?:vit|deit|deit3)_small_/, { heads: "6" }],
  [/^(?:vit|deit|deit3)_medium_/, { heads: "8" }],
  [/^(?:vit|deit|deit3)_base_/, { heads: "12" }],
  [/^(?:vit|deit|deit3)_(?:large|huge)_/, { heads: "16" }],
  [/^test_vit2?$/, { heads: "2" }],
  [/^test_vit3$/, { heads: "3" }],
];
