/** Narrow networks in one safetensors file each, as torchvision's layers name their weights; from a fixed pattern. */
import { writeFile } from "node:fs/promises";

export interface TinyAlexNet {
  readonly classes?: number;
  readonly channels?: number;
  /** Other weights of the same shapes. */
  readonly phase?: number;
}

/** Writes it, and returns the path. Its usual input is 224 x 224, and any from 63 on will do. */
export async function writeTinyAlexNet(
  path: string,
  { classes = 1000, channels = 3, phase = 0 }: TinyAlexNet = {},
): Promise<string> {
  const shapes: [string, number[]][] = [
    ["features.0", [4, channels, 11, 11]],
    ["features.3", [4, 4, 5, 5]],
    ["features.6", [4, 4, 3, 3]],
    ["features.8", [4, 4, 3, 3]],
    ["features.10", [4, 4, 3, 3]],
    ["classifier.1", [8, 4 * 6 * 6]],
    ["classifier.4", [8, 8]],
    ["classifier.6", [classes, 8]],
  ];
  const tensors: Tensor[] = [];
  for (const [layer, shape] of shapes) {
    tensors.push(kernel(`${layer}.weight`, shape, phase));
    tensors.push({
      name: `${layer}.bias`,
      shape: shape.slice(0, 1),
      valueAt: (i) => 0.1 * wave(i, `${layer}.bias`, phase),
    });
  }
  await writeSafetensors(path, tensors);
  return path;
}

/** A ResNet of one basic block a stage, with torchvision's keys; its usual input is 224 x 224, and 32 x 32 will do. */
export async function writeTinyResNet(
  path: string,
  { classes = 6, channels = 3, phase = 0 }: TinyAlexNet = {},
): Promise<string> {
  const tensors: Tensor[] = [];
  const norm = (name: string, width: number) => {
    for (const [part, least] of [
      ["weight", 1],
      ["bias", 0],
      ["running_mean", 0],
      ["running_var", 1],
    ] as const)
      tensors.push({
        name: `${name}.${part}`,
        shape: [width],
        valueAt: (i) => least + 0.3 * wave(i, name + part, phase),
      });
  };
  const conv = (name: string, shape: number[], bn: string) => {
    tensors.push(kernel(`${name}.weight`, shape, phase));
    norm(bn, shape[0] ?? 0);
  };
  conv("conv1", [4, channels, 7, 7], "bn1");
  let before = 4;
  for (const [index, width] of [2, 4, 8, 16].entries()) {
    const block = `layer${index + 1}.0`;
    conv(`${block}.conv1`, [width, before, 3, 3], `${block}.bn1`);
    conv(`${block}.conv2`, [width, width, 3, 3], `${block}.bn2`);
    const side = `${block}.downsample`;
    conv(`${side}.0`, [width, before, 1, 1], `${side}.1`);
    before = width;
  }
  tensors.push(kernel("fc.weight", [classes, before], phase));
  tensors.push({
    name: "fc.bias",
    shape: [classes],
    valueAt: (i) => wave(i, "fc.bias", phase),
  });
  await writeSafetensors(path, tensors);
  return path;
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  valueAt(index: number): number;
}

function wave(index: number, name: string, phase: number): number {
  return Math.sin(index * 12.9898 + name.length + phase);
}

function kernel(name: string, shape: number[], phase: number): Tensor {
  const fan = shape.slice(1).reduce((a, b) => a * b, 1);
  const scale = 2 / Math.sqrt(fan);
  return { name, shape, valueAt: (i) => scale * wave(i, name, phase) };
}

async function writeSafetensors(
  path: string,
  tensors: readonly Tensor[],
): Promise<void> {
  const header: Record<string, object> = {};
  const parts: Buffer[] = [];
  let at = 0;
  for (const { name, shape, valueAt } of tensors) {
    const count = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: count }, (_, i) => valueAt(i));
    const bytes = Buffer.from(values.buffer);
    header[name] = {
      dtype: "F32",
      shape,
      data_offsets: [at, at + bytes.length],
    };
    at += bytes.length;
    parts.push(bytes);
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([length, text, ...parts]));
}
