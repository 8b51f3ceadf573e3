/** TF.js layers models: made in a test, saved in memory, and run by tfjs-layers itself. */
import * as tf from "@tensorflow/tfjs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Network } from "../../../src/engine";
import { randomStream } from "../../../src/engine/random";
import { forward, WeightTensors } from "../../../src/engine/step/eager";

/** A model.json with one shard, as an exporter writes it. */
export interface Saved {
  readonly model: {
    readonly format: string;
    readonly generatedBy: string;
    readonly convertedBy: string | null;
    readonly modelTopology: unknown;
    readonly weightsManifest: readonly {
      readonly paths: readonly string[];
      readonly weights: readonly tf.io.WeightsManifestEntry[];
    }[];
  };
  readonly weights: Uint8Array;
}

/** The folder of a saved model. */
export function folderOf({ model, weights }: Saved): Record<string, unknown> {
  return { "model.json": model, "weights.bin": weights };
}

/** The folder of a Sequential model without weights, as Keras 2 writes it. The input has the shape [4, 5, 3]. */
export function handwritten(
  layers: readonly (readonly [className: string, config: object])[],
): Record<string, unknown> {
  const input = {
    class_name: "InputLayer",
    config: { name: "picture", batch_input_shape: [null, 4, 5, 3] },
  };
  const others = layers.map(([className, config], i) => ({
    class_name: className,
    config: { name: `layer${i}`, ...config },
  }));
  return {
    "model.json": {
      format: "layers-model",
      modelTopology: {
        keras_version: "2.4.0",
        model_config: {
          class_name: "Sequential",
          config: { name: "model", layers: [input, ...others] },
        },
      },
      weightsManifest: [],
    },
  };
}

export async function save(model: tf.LayersModel): Promise<Saved> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((saved) => {
      artifacts = saved;
      return Promise.resolve({
        modelArtifactsInfo: {
          dateSaved: new Date(0),
          modelTopologyType: "JSON",
        },
      });
    }),
  );
  const { weightData, weightSpecs = [], modelTopology } = artifacts ?? {};
  if (!(weightData instanceof ArrayBuffer))
    throw new TypeError("weights in several buffers");
  return {
    model: {
      format: "layers-model",
      generatedBy: "a test",
      convertedBy: null,
      // a copy, so that a test may change it
      modelTopology: JSON.parse(JSON.stringify(modelTopology)) as unknown,
      weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }],
    },
    weights: new Uint8Array(weightData),
  };
}

/** Gives all weights seeded values; variances stay positive. */
export function randomise(model: tf.LayersModel, seed: number): void {
  const random = randomStream(seed);
  for (const variable of model.weights) {
    const fan = Math.max(
      1,
      variable.shape.slice(0, -1).reduce<number>((a, b) => a * (b ?? 1), 1),
    );
    const positive = variable.name.includes("variance");
    const values = Float32Array.from(
      { length: variable.shape.reduce<number>((a, b) => a * (b ?? 1), 1) },
      () =>
        positive ? 0.3 + random.uniform() : random.normal() / Math.sqrt(fan),
    );
    // the shape of a weight has no open dimension
    variable.write(tf.tensor(values, variable.shape as number[]));
  }
}

/** A model as tfjs-layers loads it from a folder on disk. */
export async function loadFrom(folder: string): Promise<tf.LayersModel> {
  const json = JSON.parse(
    await readFile(join(folder, "model.json"), "utf8"),
  ) as Saved["model"];
  const shards = await Promise.all(
    json.weightsManifest
      .flatMap((group) => group.paths)
      .map((path) => readFile(join(folder, path))),
  );
  return tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: json.modelTopology as object,
      weightSpecs: json.weightsManifest.flatMap((group) => [...group.weights]),
      weightData: new Uint8Array(Buffer.concat(shards)).buffer,
    }),
  );
}

/** What tfjs-layers computes up to a layer (or the end): [batch, ...] row by row. */
export function predict(
  model: tf.LayersModel,
  images: tf.Tensor,
  layer?: string,
): Float32Array {
  return tf.tidy(() => {
    const part =
      layer === undefined
        ? model
        : tf.model({
            inputs: model.inputs,
            outputs: model.getLayer(layer).output,
          });
    const y = part.predict(images);
    return (Array.isArray(y) ? tf.stack(y) : y).dataSync<"float32">();
  });
}

/** What the network computes from preprocessed images. */
export function logitsOf(network: Network, images: tf.Tensor): Float32Array {
  const weights = new WeightTensors();
  try {
    return tf.tidy(() =>
      forward(network, images, weights, (own) => ({
        forward: own,
        backward: own,
      })).dataSync<"float32">(),
    );
  } finally {
    weights.dispose();
  }
}

export function randomImages(
  shape: readonly [number, number, number],
  batch = 2,
): tf.Tensor {
  const random = randomStream(17, ...shape);
  const size = batch * shape[0] * shape[1] * shape[2];
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.normal()),
    [batch, ...shape],
  );
}
