/** What several of torchvision's families are made of. */
import * as ops from "../../../network/ops/index";
import type { Value } from "../../lowering/index";
import type { ConvSettings, Modules } from "../modules";

/** Adds an activation under a name. */
export type Activation = (m: Modules, name: string, x: Value) => Value;

export const relu: Activation = (m, name, x) => m.relu(name, x);
export const relu6: Activation = (m, name, x) => m.relu6(name, x);
export const swish: Activation = (m, name, x) => m.smooth(name, ops.swish, x);
export const hardSwish: Activation = (m, name, x) =>
  m.smooth(name, ops.hardSwish, x);
export const gelu: Activation = (m, name, x) => m.smooth(name, ops.gelu, x);
export const sigmoid: Activation = (m, name, x) =>
  m.smooth(name, ops.sigmoid, x);
/** x / 6 + 1 / 2 between 0 and 1. */
export const hardSigmoid: Activation = (m, name, x) =>
  m.activation(name, ops.hardSigmoid, x, { slope: 1 / 6, offset: 0.5 });

export interface ConvNormSettings extends ConvSettings {
  /** Of the batch norm; PyTorch's default is 1e-5. */
  readonly epsilon?: number;
  readonly activation?: Activation | null;
}

/** Convolution `conv`, batch norm `norm`, and an activation. */
export async function convNorm(
  m: Modules,
  [conv, norm]: readonly [string, string],
  x: Value,
  { epsilon, activation, ...settings }: ConvNormSettings,
): Promise<Value> {
  const y = await m.batchNorm(norm, await m.conv(conv, x, settings), epsilon);
  return activation ? activation(m, `${norm}/activation`, y) : y;
}

/** The same as a Sequential of its own: `name.0`, `name.1`. */
export async function convNormAt(
  m: Modules,
  name: string,
  x: Value,
  settings: ConvNormSettings,
): Promise<Value> {
  return convNorm(m, [`${name}.0`, `${name}.1`], x, settings);
}

export interface GateSettings {
  /** 1x1 convolutions with a bias: fewer channels, then all again. */
  readonly layers: readonly [string, string];
  readonly activation: Activation;
  readonly scale: Activation;
}

/** Squeeze and excitation: every channel times a number between 0 and 1 that the means of all channels decide. */
export async function squeezed(
  m: Modules,
  name: string,
  x: Value,
  { layers: [first, second], activation, scale }: GateSettings,
): Promise<Value> {
  const mean = m.lowering.reduce(`${name}/mean`, "mean", x, [2, 3], true);
  const few = activation(m, `${first}/activation`, await m.conv(first, mean));
  const gate = scale(m, `${second}/activation`, await m.conv(second, few));
  return m.multiply(`${name}/scale`, x, gate);
}

export interface InvertedResidual {
  readonly stride: number;
  /** Of the same convolution, in the place of a stride. Default 1. */
  readonly dilation?: number;
  /** Whether the block may add its input, where it leaves the shape alone. Default true. */
  readonly residual?: boolean;
  readonly epsilon: number | undefined;
  readonly activation: Activation;
  /** Of squeeze and excitation. */
  readonly gate: Omit<GateSettings, "layers">;
}

/**
 * torchvision's inverted residual: what lies under `name.block` in turn, expansion, convolution (depthwise, or whole
 * in a fused block), squeeze and excitation, projection. The first convolution of more than one pixel takes the
 * stride, and the projection has no activation.
 */
export async function invertedResidual(
  m: Modules,
  name: string,
  x: Value,
  { stride, dilation = 1, residual = true, ...settings }: InvertedResidual,
): Promise<Value> {
  const { epsilon, activation, gate } = settings;
  const parts = m.keys
    .indices(`${name}.block`)
    .map((i) => `${name}.block.${i}`);
  const convolutions = parts.filter((part) => m.keys.has(`${part}.0`));
  const spatial = convolutions.find((part) => m.keys.kernel(`${part}.0`) > 1);
  let y = x;
  for (const part of parts)
    if (m.keys.has(`${part}.fc1`))
      y = await squeezed(m, part, y, {
        ...gate,
        layers: [`${part}.fc1`, `${part}.fc2`],
      });
    else
      y = await convNormAt(m, part, y, {
        stride: part === spatial ? stride : 1,
        dilation: part === spatial ? dilation : 1,
        epsilon,
        activation:
          convolutions.length === 1 || part !== convolutions.at(-1)
            ? activation
            : null,
      });
  return residual ? withResidual(m, name, x, y, stride) : y;
}

/** Adds a block's input where it left the shape alone. */
export function withResidual(
  m: Modules,
  name: string,
  x: Value,
  y: Value,
  stride: number,
): Value {
  return stride === 1 && x.dims[1] === y.dims[1]
    ? m.add(`${name}/add`, x, y)
    : y;
}
