/** Weights that no layer of a family asks for: the network is another than its keys seem to say. */

/** What such keys are known to belong to; the first that fits. */
const things: readonly (readonly [key: RegExp, thing: string])[] = [
  [/lora_[AB]|\.lora\./, "LoRA: merge it into the weights first"],
  [/(^|\.)grn\./, "global response normalisation, as in ConvNeXt v2"],
  [/\.[qk]_norm\./, "norms of queries and keys"],
  [/(^|\.)norm_pre\./, "a norm before the blocks, as in CLIP"],
  [/(^|\.)attn_?pool\./i, "attention in the place of the last pool"],
  [/rel(ative)?_pos/, "relative positions"],
  [/(^|\.)(aux_classifier|aux\w*)\./i, "an auxiliary classifier"],
  [
    /\.(se|se_module|se_layer|eca|cbam|ca|sa|attn|attention|gc)\./,
    "attention within the blocks",
  ],
  [/\.filt$/, "anti-aliased strides"],
  [/(^|\.)(fpn|rpn|roi_heads|neck|bbox_head)\./, "a detector"],
  [/(^|\.)(ema|teacher|momentum_encoder)\./, "a second copy of the network"],
];

/** What keys that are too many are, in words; empty where nobody knows. */
export function meaningOf(keys: readonly string[]): string {
  const found = things.find(([pattern]) =>
    keys.some((key) => pattern.test(key)),
  );
  return found ? ` (${found[1]})` : "";
}
