/** What ResNets are called: their depths, timm's names, and the keys that Hugging Face's transformers give them. */
import type { Architecture } from "../family";
import type { Keys } from "../keys";

export interface Stage {
  readonly name: string;
  readonly blocks: number;
}

export function stagesOf(keys: Keys): Stage[] {
  const stages: Stage[] = [];
  for (let i = 1; keys.has(`layer${i}`); i++) {
    const name = `layer${i}`;
    stages.push({ name, blocks: keys.indices(name).length });
  }
  return stages;
}

export function nameOf(
  keys: Keys,
  stages: readonly Stage[],
  deep: boolean,
): string {
  const blocks = stages.map((stage) => stage.blocks).join("-");
  const bottleneck = keys.has("layer1.0.conv3");
  const depth = (bottleneck ? bottlenecks : basics).get(blocks);
  const [width = 0, inputs = 1] = keys.shape("layer1.0.conv2.weight") ?? [];
  const groups = bottleneck ? width / inputs : 1;
  const attention = keys.has("layer1.0.se") ? "se" : "";
  const stem = deep ? ", deep stem" : "";
  if (depth === undefined)
    return `ResNet of ${blocks} ${bottleneck ? "bottleneck" : "basic"} blocks${stem}`;
  if (groups > 1)
    return `${attention}resnext${depth}_${groups}x${Math.floor(width / groups)}d${stem}`;
  const wide = bottleneck && width === 128 ? "wide_" : "";
  return `${wide}${attention}resnet${depth}${wide ? "_2" : ""}${stem}`;
}

const basics: ReadonlyMap<string, number> = new Map([
  ["1-1-1-1", 10],
  ["2-2-2-2", 18],
  ["3-4-6-3", 34],
]);
const bottlenecks: ReadonlyMap<string, number> = new Map([
  ["1-1-1-1", 14],
  ["2-2-2-2", 26],
  ["3-4-6-3", 50],
  ["3-4-23-3", 101],
  ["3-8-36-3", 152],
  ["3-24-36-3", 200],
]);

/** torchvision's, timm's and transformers' names; other attention and other norms show in the keys. */
export const architectures: readonly Architecture[] = [
  // GroupNorm, pruned widths, attention pools, convolutions in place of the stem's pool
  [/^(?:seresnet|resnet)\w*_(?:gn|evos|clip\w*|mlp)$/, null],
  [/^(?:se)?resnetblur\d+[dst]?$/, { "anti-alias": "blur" }],
  [/^(?:se)?resne(?:t|xt)aa\d+[dst]?(?:_\d+x\d+d)?$/, { "anti-alias": "avg" }],
  [/^(?:tv_|gluon_|ssl_|swsl_|ig_)?(?:wide_)?(?:se)?resne[tx]t?\d+/, {}],
  [/^test_resnet$/, {}],
  [/^ResNet(?:ForImageClassification)?$/i, {}],
];

/** Names that Hugging Face's transformers give, and ours; numbers there count from 0. */
const transformers: readonly (readonly [
  RegExp,
  (...parts: string[]) => string,
])[] = [
  [/^resnet\.embedder\.embedder\.convolution\./, () => "conv1."],
  [/^resnet\.embedder\.embedder\.normalization\./, () => "bn1."],
  [/^classifier\.1\./, () => "fc."],
  [
    /^resnet\.encoder\.stages\.(\d+)\.layers\.(\d+)\.shortcut\.(convolution|normalization)\./,
    (_, stage = "", block = "", part = "") =>
      `layer${Number(stage) + 1}.${block}.downsample.${part === "convolution" ? 0 : 1}.`,
  ],
  [
    /^resnet\.encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d+)\.(convolution|normalization)\./,
    (_, stage = "", block = "", layer = "", part = "") =>
      `layer${Number(stage) + 1}.${block}.${part === "convolution" ? "conv" : "bn"}${Number(layer) + 1}.`,
  ],
];

/** A key of transformers as torchvision has it. */
export function spelling(key: string): string {
  return transformers.reduce((k, [from, to]) => k.replace(from, to), key);
}
