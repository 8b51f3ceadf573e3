/** A narrow AlexNet in one safetensors file, as torchvision's layers name its weights; from a fixed pattern. */
import { writeFile } from "node:fs/promises";

export interface TinyAlexNet {
  readonly classes?: number;
  readonly channels?: number;
}

/** Writes it, and returns the path. Its usual input is 224 x 224, and any from 63 on will do. */
export async function writeTinyAlexNet(
  path: string,
  { classes = 1000, channels = 3 }: TinyAlexNet = {},
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
  const header: Record<string, object> = {};
  const parts: Buffer[] = [];
  let at = 0;
  const put = (name: string, shape: number[], scale: number) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from(
      { length: count },
      (_, i) => scale * Math.sin(i * 12.9898 + name.length),
    );
    const bytes = Buffer.from(values.buffer);
    header[name] = {
      dtype: "F32",
      shape,
      data_offsets: [at, at + bytes.length],
    };
    at += bytes.length;
    parts.push(bytes);
  };
  for (const [layer, shape] of shapes) {
    const fan = shape.slice(1).reduce((a, b) => a * b, 1);
    put(`${layer}.weight`, shape, 2 / Math.sqrt(fan));
    put(`${layer}.bias`, shape.slice(0, 1), 0.1);
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([length, text, ...parts]));
  return path;
}
