/** Writes a network as a TF.js layers model, which Keras' tools read too. */
import { Fault } from "../../../shared/fault";
import { inputName, shapeOf, type Network } from "../../network/network";
import type { Weight } from "../../network/op";
import { layersOf, type Layer } from "./write-layers";

export interface WrittenLayers {
  /** model.json; its one shard is called weights.bin. */
  readonly model: object;
  /** weights.bin: float32, little-endian, one weight after the other. */
  readonly weights: Uint8Array;
}

/** Throws a Fault `unsupported-network` that names an operation Keras has no layer for. */
export function writeLayersModel(network: Network): WrittenLayers {
  const names = new Names();
  const layers: object[] = [];
  const manifest: object[] = [];
  const values: Float32Array[] = [];
  const add = (layer: Layer, name: string, inputs: readonly string[]) => {
    layers.push({
      class_name: layer.className,
      config: { name, trainable: true, ...layer.config },
      name,
      inbound_nodes: [inputs.map((input) => [input, 0, 0, {}])],
    });
    for (const [weight, { shape, data }] of Object.entries(
      layer.weights ?? {},
    )) {
      const dtype = "float32";
      manifest.push({ name: `${name}/${weight}`, shape: [...shape], dtype });
      values.push(data);
    }
  };

  const image = names.of(inputName);
  layers.push({
    class_name: "InputLayer",
    config: {
      batch_input_shape: [null, ...network.input],
      dtype: "float32",
      sparse: false,
      name: image,
    },
    name: image,
    inbound_nodes: [],
  });
  for (const node of network.nodes) {
    const written = layersOf(
      node,
      node.inputs.map((input) => ({
        shape: shapeOf(network, input),
        node: network.nodes.find(({ name }) => name === input) ?? null,
      })),
    );
    let inputs = node.inputs.map((input) => names.of(input));
    for (const [i, layer] of written.entries()) {
      const last = i === written.length - 1;
      const name = last ? names.of(node.name) : names.of(`${node.name}_${i}`);
      add(layer, name, inputs);
      inputs = [name];
    }
  }
  const output = names.of(network.output);
  if (network.output === inputName)
    throw new Fault("unsupported-network", "The network has no layers.");
  return {
    model: {
      format: "layers-model",
      generatedBy: "proxima",
      convertedBy: null,
      modelTopology: {
        model_config: {
          class_name: "Model",
          config: {
            name: names.of(network.name),
            layers,
            input_layers: [[image, 0, 0]],
            output_layers: [[output, 0, 0]],
          },
        },
        keras_version: "2.15.0",
        backend: "tensorflow",
      },
      weightsManifest: [{ paths: ["weights.bin"], weights: manifest }],
    },
    weights: littleEndian(values),
  };
}

/** Names of layers: letters, digits, dot, dash and underscore, each once. */
class Names {
  readonly #given = new Map<string, string>();
  readonly #used = new Set<string>();

  of(name: string): string {
    const known = this.#given.get(name);
    if (known !== undefined) return known;
    const plain = name.replaceAll(/[^\w.-]/g, "_").replace(/^[^\w]/, "_");
    let unique = plain;
    for (let i = 1; this.#used.has(unique); i++) unique = `${plain}_${i}`;
    this.#used.add(unique);
    this.#given.set(name, unique);
    return unique;
  }
}

function littleEndian(values: readonly Weight["data"][]): Uint8Array {
  const count = values.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(4 * count);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const data of values)
    for (const value of data) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  return bytes;
}
