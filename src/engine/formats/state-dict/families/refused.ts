/** Networks that are known by their keys, and whose weights alone do not say enough: they are refused by name. */
import { Fault } from "../../../../shared/fault";
import { exportAdvice } from "../advice";
import type { Family } from "../family";
import type { Keys } from "../keys";

/** Why the weights alone are not enough. */
function refusing(
  title: string,
  why: string,
  recognises: (keys: Keys) => boolean,
): Family {
  return {
    title,
    recognises,
    member() {
      throw new Fault(
        "unsupported-network",
        `The keys are those of ${title}: ${why}.`,
        exportAdvice,
      );
    },
  };
}

export const refused: readonly Family[] = [
  refusing(
    "timm's EfficientNet and MobileNet",
    "networks with other activations, strides and paddings have the same",
    (keys) => keys.rank("conv_stem") === 4 && keys.has("blocks.0.0"),
  ),
  refusing(
    "timm's RegNet",
    "its weights do not say which blocks halve the map",
    (keys) => keys.has("stem.conv.weight") && keys.has("s1.b1.conv1.conv"),
  ),
  refusing(
    "timm's Swin",
    "it is not read from its weights alone",
    (keys) =>
      keys.rank("patch_embed.proj") === 4 &&
      keys.has("layers.0.blocks.0.attn.qkv"),
  ),
  refusing(
    "a YOLO network",
    "it finds boxes, and its weights do not say how its layers hang together",
    (keys) =>
      keys.rank("model.0.conv") === 4 && keys.rank("model.1.conv") === 4,
  ),
  refusing(
    "a diffusion or segmentation U-Net",
    "it has no classes",
    (keys) =>
      keys.has("down_blocks.0") ||
      (keys.has("inc.double_conv") && keys.has("outc.conv")),
  ),
];
