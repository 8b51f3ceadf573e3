/**
 * Weights that are of no network Proxima could open, by their keys: what they belong to, and what to do. To add one: a
 * row of {@link weightKinds}, and its case in the test that walks them.
 */
import { Fault } from "../../../shared/fault";
import { exportAdvice } from "../state-dict/advice";
import type { StoredTensor } from "../state-dict/stored-tensor";

export interface WeightKind {
  /** "LoRA weights" */
  readonly title: string;
  /** Why that does not do. */
  readonly why: string;
  readonly remedy: string;
  /** Each is the pattern of a key that is there. */
  readonly keys: readonly RegExp[];
  /** The rank of the tensor under the first of them. */
  readonly rank?: number;
}

const classifiers =
  "Proxima opens networks that take pictures and give classes or values.";

export const weightKinds: readonly WeightKind[] = [
  {
    title: "LoRA weights",
    why: "they are small corrections to another network",
    remedy:
      "Merge them into that network first (merge_and_unload), and save its weights.",
    keys: [/(^|[._])lora_?([AB]|up|down|embedding|unet|te\d?)\b|^lora_unet_/],
  },
  {
    title: "a quantized network",
    why: "its weights are whole numbers with scales beside them",
    remedy: "Save the weights of the network before it was quantized.",
    keys: [/(^|\.)zero_point$|\._packed_params(\.|$)/],
  },
  {
    title: "a diffusion model",
    why: "it makes pictures and has no classes",
    remedy: classifiers,
    keys: [
      /^model\.diffusion_model\.|^(unet\.)?(down|mid|up)_blocks?\.\d+\.(resnets|attentions)\.|^first_stage_model\./,
    ],
  },
  {
    title: "CLIP",
    why: "it compares pictures with text and has no classes",
    remedy:
      'Export its picture side: torch.onnx.export(model.visual, (torch.rand(1, 3, 224, 224),), "network.onnx").',
    keys: [
      /(^|\.)(visual\.|vision_model\.)/,
      /(^|\.)(text_projection|logit_scale|text_model\.)/,
    ],
  },
  {
    title: "a network of sounds",
    why: "it takes no pictures",
    remedy: classifiers,
    keys: [
      /(^|\.)(feature_extractor\.conv_layers\.\d+\.conv|encoder\.conv1)\.weight$/,
    ],
    rank: 3,
  },
  {
    title: "a language model",
    why: "it reads text, not pictures",
    remedy: classifiers,
    keys: [
      /(^|\.)(embed_tokens|wte|word_embeddings|tok_embeddings|token_embd|shared)\.weight$/,
    ],
  },
  {
    title: "torchvision's Faster R-CNN, Mask R-CNN or Keypoint R-CNN",
    why: "it finds boxes",
    remedy: classifiers,
    keys: [/(^|\.)rpn\.head\./, /(^|\.)roi_heads\./],
  },
  {
    title: "torchvision's SSD, RetinaNet or FCOS",
    why: "it finds boxes",
    remedy: classifiers,
    keys: [/(^|\.)head\.(classification|regression)_head\./],
  },
  {
    title: "DETR or one of its kin",
    why: "it finds boxes",
    remedy: classifiers,
    keys: [/(^|\.)(bbox_embed|bbox_predictor)\./],
  },
  {
    title: "a detector of MMDetection or Detectron2",
    why: "it finds boxes",
    remedy: classifiers,
    keys: [/(^|\.)(bbox_head|rpn_head|roi_head|proposal_generator)\./],
  },
  {
    title: "EfficientDet",
    why: "it finds boxes",
    remedy: classifiers,
    keys: [/(^|\.)(box_net|class_net)\.(conv_rep|predict)\./],
  },
  {
    title: "a YOLO detector",
    why: "it finds boxes, and weights do not say how its layers hang together",
    remedy: 'Export it: YOLO("FILE").export(format="onnx").',
    keys: [
      /^(module\.)?model\.(model\.)?0\.conv\.weight$/,
      /^(module\.)?model\.(model\.)?\d+\.(dfl|anchors?|cv[23]\.\d+|m\.\d+)\b/,
    ],
  },
  {
    title: "Segment Anything",
    why: "it draws masks and has no classes",
    remedy: classifiers,
    keys: [/(^|\.)mask_decoder\./, /(^|\.)(image|prompt)_encoder\./],
  },
  {
    title: "a segmentation network",
    why: "it has classes for each pixel, and weights do not say how its layers hang together",
    remedy: exportAdvice,
    keys: [
      /(^|\.)(aux_classifier|segmentation_head|decode_head|(?:low|high)_classifier|auxiliary_head)\.|^(module\.)?(outc\.conv|classifier\.0\.convs\.0\.0)\./,
    ],
  },
  {
    title: "torchvision's FCN",
    why: "it has classes for each pixel, and weights do not say how its layers hang together",
    remedy: exportAdvice,
    // a convolution where classifiers have a linear layer
    keys: [/^(module\.)?classifier\.4\.weight$/, /^(module\.)?backbone\./],
    rank: 4,
  },
  {
    title: "a generator (StyleGAN)",
    why: "it makes pictures and takes none",
    remedy: classifiers,
    keys: [/(^|\.)synthesis\./, /(^|\.)mapping\./],
  },
  {
    title: "a network with 3-D convolutions",
    why: "it takes films or volumes, not pictures",
    remedy: classifiers,
    keys: [/\.weight$/],
    rank: 5,
  },
];

/** Throws a Fault `unsupported-network` for weights that are known to be no network Proxima could open. */
export function refuseForeign(
  name: string,
  tensors: ReadonlyMap<string, StoredTensor>,
): void {
  const keys = [...tensors.keys()];
  const found = weightKinds.find(({ keys: patterns, rank }) =>
    patterns.every((pattern, i) =>
      keys.some(
        (key) =>
          pattern.test(key) &&
          (i > 0 ||
            rank === undefined ||
            tensors.get(key)?.shape.length === rank),
      ),
    ),
  );
  if (!found) return;
  throw new Fault(
    "unsupported-network",
    `"${name}" holds the weights of ${found.title}: ${found.why}.`,
    found.remedy,
  );
}
