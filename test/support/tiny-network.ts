/** A tiny TF.js layers network on disk: convolution, ReLU, global average, dense; weights from a fixed pattern. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface TinyOptions {
  /** Height and width of the input; null leaves them open. */
  readonly size?: number | null;
  readonly channels?: number;
  /** Added to every pre-activation; far below zero no rectifier is on, and the plain gradient is zero. */
  readonly bias?: number;
  readonly labels?: readonly string[] | null;
  readonly card?: object | null;
  /** Changes model.json before it is written. */
  readonly edit?: (model: TinyModel) => void;
  /** Changes the weights before they are written. */
  readonly weights?: (values: Float32Array) => Uint8Array;
}

export interface TinyModel {
  format: string;
  modelTopology: {
    model_config: {
      class_name: string;
      config: {
        name: string;
        layers: {
          class_name: string;
          name: string;
          config: Record<string, unknown>;
          inbound_nodes: unknown[];
        }[];
        input_layers: unknown[];
        output_layers: unknown[];
      };
    };
  };
  weightsManifest: {
    paths: string[];
    weights: { name: string; shape: number[]; dtype: string }[];
  }[];
}

const filters = 8;
export const tinyLabels = ["ant", "Bee", "cat", "cat"] as const;

/** Writes the network into a new folder and returns its path. */
export async function writeTinyNetwork(
  folder: string,
  options: TinyOptions = {},
): Promise<string> {
  const { size = 6, channels = 3, bias = 0 } = options;
  const shapes: Record<string, number[]> = {
    "conv/kernel": [3, 3, channels, filters],
    "conv/bias": [filters],
    "logits/kernel": [filters, tinyLabels.length],
    "logits/bias": [tinyLabels.length],
  };
  const values: number[] = [];
  for (const [name, shape] of Object.entries(shapes)) {
    const count = shape.reduce((a, b) => a * b, 1);
    for (let i = 0; i < count; i++)
      values.push(
        name === "conv/bias" ? bias : Math.sin(i * 12.9898 + name.length) / 2,
      );
  }
  const layer = (
    class_name: string,
    name: string,
    input: string | null,
    config: Record<string, unknown>,
  ) => ({
    class_name,
    name,
    config: { name, ...config },
    inbound_nodes: input === null ? [] : [[[input, 0, 0, {}]]],
  });
  const model: TinyModel = {
    format: "layers-model",
    modelTopology: {
      model_config: {
        class_name: "Model",
        config: {
          name: "tiny",
          layers: [
            layer("InputLayer", "image", null, {
              batch_input_shape: [null, size, size, channels],
              dtype: "float32",
            }),
            layer("Conv2D", "conv", "image", {
              filters,
              kernel_size: [3, 3],
              strides: [1, 1],
              padding: "same",
              data_format: "channels_last",
              dilation_rate: [1, 1],
              activation: "relu",
              use_bias: true,
            }),
            layer("GlobalAveragePooling2D", "pool", "conv", {
              data_format: "channels_last",
            }),
            layer("Dense", "logits", "pool", {
              units: tinyLabels.length,
              activation: "softmax",
              use_bias: true,
            }),
          ],
          input_layers: [["image", 0, 0]],
          output_layers: [["logits", 0, 0]],
        },
      },
    },
    weightsManifest: [
      {
        paths: ["weights.bin"],
        weights: Object.entries(shapes).map(([name, shape]) => ({
          name,
          shape,
          dtype: "float32",
        })),
      },
    ],
  };
  options.edit?.(model);
  const floats = Float32Array.from(values);
  const bytes = options.weights
    ? options.weights(floats)
    : new Uint8Array(floats.buffer);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "model.json"), JSON.stringify(model));
  await writeFile(join(folder, "weights.bin"), bytes);
  if (options.labels !== null)
    await writeFile(
      join(folder, "labels.json"),
      JSON.stringify(options.labels ?? tinyLabels),
    );
  if (options.card)
    await writeFile(join(folder, "card.json"), JSON.stringify(options.card));
  return folder;
}
