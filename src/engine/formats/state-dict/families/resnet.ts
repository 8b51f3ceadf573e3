/**
 * ResNet, ResNeXt, Wide ResNet (torchvision, timm), with timm's deep stems, averaging shortcuts and squeeze-excitation.
 * Widths, groups and the number of blocks are the shapes'; every stage but the first halves the map in its first block,
 * in the 3x3 convolution.
 */
import * as ops from "../../../network/ops/index";
import type { Value } from "../../lowering/index";
import type { Family, Member } from "../family";
import type { Keys } from "../keys";
import type { Modules } from "../modules";

export const resnet: Family = {
  title: "torchvision's and timm's ResNet",

  recognises: (keys) =>
    (keys.has("bn1.running_mean") &&
      keys.has("layer1.0.conv1.weight") &&
      (keys.rank("conv1") === 4 || keys.rank("conv1.0") === 4)) ||
    keys.has("resnet.embedder.embedder.convolution.weight"),

  spelling: (key) =>
    transformers.reduce((k, [from, to]) => k.replace(from, to), key),

  member(keys) {
    const deep = keys.rank("conv1") === 0;
    const small = !deep && keys.kernel("conv1") <= 3;
    const stages = stagesOf(keys);
    return {
      name: nameOf(keys, stages, deep),
      stem: deep ? "conv1.0" : "conv1",
      usual: small ? [32, 32] : [224, 224],
      warnings: small
        ? [
            "The first convolution is 3 x 3, as in ResNets for CIFAR: it is taken with stride 1 and without the pooling after it, which the weights cannot tell.",
          ]
        : [],
      ...(small && { preprocessing: ownImages }),
      async build(m, input) {
        let x = deep
          ? await deepStem(m, input)
          : await m.conv("conv1", input, { stride: small ? 1 : 2 });
        x = m.relu("relu", await m.batchNorm("bn1", x));
        if (!small)
          x = m.maxPool("maxpool", x, { window: 3, stride: 2, padding: 1 });
        for (const [index, { name, blocks }] of stages.entries())
          for (let i = 0; i < blocks; i++)
            x = await block(m, `${name}.${i}`, x, index > 0 && i === 0 ? 2 : 1);
        const head = m.keys.has("linear.weight") ? "linear" : "fc";
        return m.dense(head, m.globalAverage("avgpool", x));
      },
    };
  },
};

const ownImages: Member["preprocessing"] = {
  preset: "imagenet",
  because:
    "ResNets with a small first convolution are usually trained with the mean and std of their own images; ImageNet's are close to CIFAR's.",
};

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

interface Stage {
  readonly name: string;
  readonly blocks: number;
}

function stagesOf(keys: Keys): Stage[] {
  const stages: Stage[] = [];
  for (let i = 1; keys.has(`layer${i}`); i++) {
    const name = `layer${i}`;
    stages.push({ name, blocks: keys.indices(name).length });
  }
  return stages;
}

function nameOf(keys: Keys, stages: readonly Stage[], deep: boolean): string {
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

/** timm's: three 3x3 convolutions, the first with stride 2. */
async function deepStem(m: Modules, input: Value): Promise<Value> {
  let x = await m.conv("conv1.0", input, { stride: 2 });
  x = m.relu("conv1.2", await m.batchNorm("conv1.1", x));
  x = await m.conv("conv1.3", x);
  x = m.relu("conv1.5", await m.batchNorm("conv1.4", x));
  return m.conv("conv1.6", x);
}

async function block(
  m: Modules,
  name: string,
  x: Value,
  stride: number,
): Promise<Value> {
  const bottleneck = m.keys.has(`${name}.conv3.weight`);
  let y = await m.conv(`${name}.conv1`, x, { stride: bottleneck ? 1 : stride });
  y = await m.batchNorm(`${name}.bn1`, y);
  y = m.relu(`${name}.relu`, y);
  y = await m.conv(`${name}.conv2`, y, { stride: bottleneck ? stride : 1 });
  y = await m.batchNorm(`${name}.bn2`, y);
  if (bottleneck) {
    y = m.relu(`${name}.relu`, y);
    y = await m.conv(`${name}.conv3`, y);
    y = await m.batchNorm(`${name}.bn3`, y);
  }
  if (m.keys.has(`${name}.se`)) y = await squeezed(m, `${name}.se`, y);
  const straight = await shortcut(m, name, x, stride);
  return m.relu(`${name}.relu`, m.add(`${name}.add`, y, straight));
}

/** The input itself, or a projection of it: 1x1 with the stride, or (timm's "d") averaged first. */
async function shortcut(m: Modules, block: string, x: Value, stride: number) {
  const name = ["downsample", "shortcut"]
    .map((one) => `${block}.${one}`)
    .find((one) => m.keys.has(one));
  if (name === undefined && (stride === 1 || !m.keys.has(`${block}.conv1`)))
    return x;
  const own = name ?? `${block}.downsample`;
  const averaged = m.keys.rank(`${own}.1`) === 4;
  if (!averaged)
    return m.batchNorm(
      `${own}.1`,
      await m.conv(`${own}.0`, x, { stride, padding: 0 }),
    );
  const mean =
    stride === 1
      ? x
      : m.averagePool(`${own}.0`, x, {
          window: 2,
          stride,
          ceil: true,
          countPadding: false,
        });
  return m.batchNorm(`${own}.2`, await m.conv(`${own}.1`, mean));
}

/** Squeeze and excitation: every channel times a number between 0 and 1 that all of them decide. */
async function squeezed(m: Modules, name: string, x: Value): Promise<Value> {
  let gate = m.lowering.reduce(`${name}.mean`, "mean", x, [2, 3], true);
  gate = m.relu(`${name}.act`, await m.conv(`${name}.fc1`, gate));
  gate = await m.conv(`${name}.fc2`, gate);
  return m.multiply(name, x, m.smooth(`${name}.gate`, ops.sigmoid, gate));
}
