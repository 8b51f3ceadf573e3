/**
 * Keys of Hugging Face's transformers as the families here have them. Those of files, and since version 5 those of its
 * networks in memory; queries, keys and values come as one layer, `qkv`.
 */

type Names = readonly (readonly [RegExp, string])[];

const inBlock: Names = [
  [/\.attention\.(attention\.|self\.)?qkv\./, ".attn.qkv."],
  [/\.attention\.(output\.dense|o_proj)\./, ".attn.proj."],
  [
    /\.attention\.(self|relative_position_bias)\.relative_position_/,
    ".attn.relative_position_",
  ],
  [/\.layernorm_before\./, ".norm1."],
  [/\.layernorm_after\./, ".norm2."],
];

/** timm's, of a ViT or DeiT. */
const vit: Names = [
  [/^(vit|deit)\.embeddings\.cls_token$/, "cls_token"],
  [/^deit\.embeddings\.distillation_token$/, "dist_token"],
  [/^(vit|deit)\.embeddings\.position_embeddings$/, "pos_embed"],
  [
    /^(vit|deit)\.embeddings\.patch_embeddings\.projection\./,
    "patch_embed.proj.",
  ],
  [/^(vit|deit)\.(encoder\.layer|layers)\./, "blocks."],
  ...inBlock,
  [/\.(intermediate\.dense|mlp\.fc1)\./, ".mlp.fc1."],
  [/^(blocks\.\d+)\.(output\.dense|mlp\.fc2)\./, "$1.mlp.fc2."],
  [/^(vit|deit)\.layernorm\./, "norm."],
  [/^(cls_)?classifier\./, "head."],
  [/^distillation_classifier\./, "head_dist."],
];

/** torchvision's, of a Swin, but for the stages' numbers. */
const swin: Names = [
  [/^swin\.embeddings\.patch_embeddings\.projection\./, "features.0.0."],
  [/^swin\.embeddings\.norm\./, "features.0.2."],
  ...inBlock,
  [/\.(intermediate\.dense|mlp\.fc1)\./, ".mlp.0."],
  [/(\.blocks\.\d+)\.(output\.dense|mlp\.fc2)\./, "$1.mlp.3."],
  [/^swin\.layernorm\./, "norm."],
  [/^classifier\./, "head."],
];

export function vitSpelling(key: string): string {
  return replaced(key, vit);
}

export function swinSpelling(key: string): string {
  return replaced(key, swin)
    .replace(
      /^swin\.encoder\.layers\.(\d+)\.blocks\./,
      (_, stage: string) => `features.${2 * Number(stage) + 1}.`,
    )
    .replace(
      /^swin\.encoder\.layers\.(\d+)\.downsample\./,
      (_, stage: string) => `features.${2 * Number(stage) + 2}.`,
    );
}

function replaced(key: string, names: Names): string {
  return names.reduce((k, [from, to]) => k.replace(from, to), key);
}
