/** A ResNet's blocks: two 3x3 convolutions, or a bottleneck, beside the input or a projection of it. */
import * as ops from "../../../network/ops/index";
import type { Value } from "../../lowering/index";
import type { Modules } from "../modules";
import type { AntiAlias } from "./anti-alias";
import type { Activation } from "./parts";

export interface BlockSettings {
  readonly stride: number;
  readonly dilation: number;
  /** Of the block's first convolution that has one: a stage's first block still has the dilation of the stage before. */
  readonly firstDilation: number;
  readonly activation: Activation;
  /** Which convolution of a bottleneck takes the stride: the 1x1 or the 3x3. */
  readonly strided: "first" | "second";
  readonly antiAlias: AntiAlias;
}

/** timm's: three 3x3 convolutions, the first with the stride. */
export async function deepStem(
  m: Modules,
  input: Value,
  stride: number,
  activation: Activation,
): Promise<Value> {
  let x = await m.conv("conv1.0", input, { stride });
  x = activation(m, "conv1.2", await m.batchNorm("conv1.1", x));
  x = await m.conv("conv1.3", x);
  x = activation(m, "conv1.5", await m.batchNorm("conv1.4", x));
  return m.conv("conv1.6", x);
}

export async function block(
  m: Modules,
  name: string,
  x: Value,
  settings: BlockSettings,
): Promise<Value> {
  const { activation } = settings;
  const bottleneck = m.keys.has(`${name}.conv3.weight`);
  let y = bottleneck
    ? await narrowed(m, name, x, settings)
    : await twice(m, name, x, settings);
  if (m.keys.has(`${name}.se`)) y = await squeezed(m, `${name}.se`, y);
  const straight = await shortcut(m, name, x, settings);
  return activation(m, `${name}.relu`, m.add(`${name}.add`, y, straight));
}

async function twice(
  m: Modules,
  name: string,
  x: Value,
  { stride, dilation, firstDilation, activation, antiAlias }: BlockSettings,
): Promise<Value> {
  const blurs = antiAlias.at(stride);
  let y = await m.conv(`${name}.conv1`, x, {
    stride: blurs ? 1 : stride,
    dilation: firstDilation,
  });
  y = activation(m, `${name}.relu`, await m.batchNorm(`${name}.bn1`, y));
  if (blurs) y = antiAlias.apply(m, `${name}.aa`, y, stride);
  y = await m.conv(`${name}.conv2`, y, { dilation });
  return m.batchNorm(`${name}.bn2`, y);
}

async function narrowed(
  m: Modules,
  name: string,
  x: Value,
  { stride, firstDilation, activation, strided, antiAlias }: BlockSettings,
): Promise<Value> {
  const blurs = antiAlias.at(stride);
  const second = strided === "second";
  let y = await m.conv(`${name}.conv1`, x, { stride: second ? 1 : stride });
  y = activation(m, `${name}.relu`, await m.batchNorm(`${name}.bn1`, y));
  y = await m.conv(`${name}.conv2`, y, {
    stride: second && !blurs ? stride : 1,
    dilation: firstDilation,
  });
  y = activation(m, `${name}.relu`, await m.batchNorm(`${name}.bn2`, y));
  if (second && blurs) y = antiAlias.apply(m, `${name}.aa`, y, stride);
  y = await m.conv(`${name}.conv3`, y);
  return m.batchNorm(`${name}.bn3`, y);
}

/** Names of a projection: torchvision's, and that of many ResNets for CIFAR. */
const projections = ["downsample", "shortcut"];

/** Whether a block projects its input; without that it cannot change the map's size. */
export function projects(m: Pick<Modules, "keys">, block: string): boolean {
  return projections.some((one) => m.keys.has(`${block}.${one}`));
}

/** The input itself, or a projection of it: with the stride, or (timm's "d") averaged first. */
async function shortcut(
  m: Modules,
  block: string,
  x: Value,
  { stride, dilation }: BlockSettings,
) {
  const name = projections
    .map((one) => `${block}.${one}`)
    .find((one) => m.keys.has(one));
  if (name === undefined && (stride === 1 || !m.keys.has(`${block}.conv1`)))
    return x;
  const own = name ?? `${block}.downsample`;
  const averaged = m.keys.rank(`${own}.1`) === 4;
  if (!averaged)
    return m.batchNorm(`${own}.1`, await m.conv(`${own}.0`, x, { stride }));
  const mean = average(m, `${own}.0`, x, stride, dilation);
  return m.batchNorm(`${own}.2`, await m.conv(`${own}.1`, mean));
}

/** timm's: a dilated stage, which keeps the map's size, has a mean over 2 x 2 pixels at stride 1, zeros after the last. */
function average(
  m: Modules,
  name: string,
  x: Value,
  stride: number,
  dilation: number,
): Value {
  if (stride > 1)
    return m.averagePool(name, x, {
      window: 2,
      stride: dilation > 1 ? 1 : stride,
      ceil: true,
      countPadding: false,
    });
  if (dilation === 1) return x;
  const after = [0, 1] as const;
  const none = [0, 0] as const;
  const padded = m.lowering.pad(
    `${name}/pad`,
    x,
    [none, none, after, after],
    "constant",
    0,
  );
  return m.averagePool(name, padded, { window: 2, stride: 1 });
}

/** Squeeze and excitation: every channel times a number between 0 and 1 that all of them decide. */
async function squeezed(m: Modules, name: string, x: Value): Promise<Value> {
  let gate = m.lowering.reduce(`${name}.mean`, "mean", x, [2, 3], true);
  gate = m.relu(`${name}.act`, await m.conv(`${name}.fc1`, gate));
  gate = await m.conv(`${name}.fc2`, gate);
  return m.multiply(name, x, m.smooth(`${name}.gate`, ops.sigmoid, gate));
}
