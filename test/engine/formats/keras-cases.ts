/** The smallest network around each of Keras' layers, operations and functions, and reading it. */
import type { Network } from "../../../src/engine";
import { readKeras } from "../../../src/engine/formats/keras/read";
import { readTopology } from "../../../src/engine/formats/keras/topology";
import type { WeightSource } from "../../../src/engine/formats/keras/weights";
import type { Weight } from "../../../src/engine/network/op";
import { randomWeight } from "../../support/small-networks";
import { memoryFiles, readOptions } from "./memory-files";

type Settings = Readonly<Record<string, unknown>>;

interface LayerCase {
  readonly settings?: Settings;
  /** What it reads, once for each of its inputs. Default: one map. */
  readonly inputs?: readonly (readonly number[])[];
  readonly weights?: Readonly<Record<string, readonly number[]>>;
}

const map = [6, 6, 4];
const row = [12, 12];
const twice = { inputs: [map, map] };
const affine = { gamma: [4], beta: [4] };

/** Layers that need more than an input; the others are made of their names. */
export const layerCases: Readonly<Record<string, LayerCase>> = {
  Conv2D: {
    settings: { filters: 5, kernel_size: [3, 3] },
    weights: { kernel: [3, 3, 4, 5], bias: [5] },
  },
  DepthwiseConv2D: {
    settings: { kernel_size: [3, 3], depth_multiplier: 2 },
    weights: { depthwise_kernel: [3, 3, 4, 2], bias: [8] },
  },
  SeparableConv2D: {
    settings: { filters: 5, kernel_size: [3, 3], depth_multiplier: 2 },
    weights: {
      depthwise_kernel: [3, 3, 4, 2],
      pointwise_kernel: [1, 1, 8, 5],
      bias: [5],
    },
  },
  Conv2DTranspose: {
    settings: { filters: 5, kernel_size: [3, 3], strides: 2 },
    weights: { kernel: [3, 3, 5, 4], bias: [5] },
  },
  Dense: { settings: { units: 5 }, weights: { kernel: [4, 5], bias: [5] } },
  BatchNormalization: {
    weights: { ...affine, moving_mean: [4], moving_variance: [4] },
  },
  LayerNormalization: { weights: affine },
  GroupNormalization: { settings: { groups: 2 }, weights: affine },
  Normalization: { weights: { mean: [4], variance: [4] } },
  LayerScale: { weights: { gamma: [4] } },
  Activation: { settings: { activation: "tanh" } },
  PReLU: {
    settings: { shared_axes: [1, 2] },
    weights: { alpha: [1, 1, 4] },
  },
  Reshape: { settings: { target_shape: [-1] } },
  Permute: { settings: { dims: [2, 1, 3] } },
  RepeatVector: { settings: { n: 3 }, inputs: [[12]] },
  CenterCrop: { settings: { height: 3, width: 4 } },
  Resizing: { settings: { height: 3, width: 4 } },
  GlobalAveragePooling1D: { inputs: [row] },
  GlobalMaxPooling1D: { inputs: [row] },
  Add: twice,
  Subtract: twice,
  Multiply: twice,
  Maximum: twice,
  Minimum: twice,
  Average: twice,
  Concatenate: twice,
  CustomScaleLayer: twice,
};

interface OperationCase {
  readonly settings?: Settings;
  /** What it is called with beside its first tensor. */
  readonly named?: Settings;
  /** Whether its first argument is a list of two tensors. */
  readonly list?: boolean;
}

const two = { named: { x2: 2 } };

/** Operations that need more than a tensor, by their own names for it. */
export const operationCases: Readonly<Record<string, OperationCase>> = {
  Add: two,
  Subtract: two,
  Multiply: two,
  Divide: two,
  TrueDivide: two,
  Maximum: two,
  Minimum: two,
  Power: two,
  BiasAdd: { named: { bias: [1, 2, 3, 4] } },
  Clip: { settings: { x_min: -1, x_max: 2 } },
  Mean: { settings: { axis: [1, 2] } },
  Sum: { settings: { axis: [1, 2] } },
  Max: { settings: { axis: [1, 2] } },
  Min: { settings: { axis: [1, 2] } },
  Concatenate: { settings: { axis: -1 }, list: true },
  Stack: { settings: { axis: 2 }, list: true },
  Reshape: { settings: { newshape: [-1, 36, 4] } },
  Transpose: { settings: { axes: [0, 2, 1, 3] } },
  Squeeze: { settings: { axis: 4 } },
  ExpandDims: { settings: { axis: 4 } },
  GetItem: { named: { key: [{ class_name: "__ellipsis__" }, 0] } },
  Resize: { settings: { size: [3, 4] } },
  Cast: { settings: { dtype: "float16" } },
};

/** Keras' output of a layer, as both versions write it. */
function tensor(layer: string, version: 2 | 3): unknown {
  return version === 2
    ? [layer, 0, 0]
    : {
        class_name: "__keras_tensor__",
        config: { keras_history: [layer, 0, 0] },
      };
}

const oddName = "the-odd-one";

export interface Given {
  readonly className: string;
  readonly version?: 2 | 3;
  readonly module?: string;
  readonly settings?: Settings;
  /** What it is called with beside its inputs. */
  readonly named?: Settings;
  readonly inputs?: readonly (readonly number[])[];
  readonly list?: boolean;
  readonly weights?: LayerCase["weights"];
  /** Whether there is no other way from the image to the output. */
  readonly alone?: boolean;
}

/** The layer called "the-odd-one" between an image of [6, 6, 4] and a flat output. */
export function readAround(given: Given): Promise<Network> {
  const { className, version = 3, inputs = [map], settings = {} } = given;
  const list = given.list ?? inputs.length > 1;
  const layers: object[] = [
    {
      class_name: "InputLayer",
      name: "image",
      config: { name: "image", batch_input_shape: [null, ...map] },
      inbound_nodes: [],
    },
  ];
  const call = (first: unknown, named: Settings) =>
    version === 3
      ? { args: [first], kwargs: named }
      : Array.isArray(first) && Array.isArray(first[0])
        ? first.map((one: unknown, i) => [
            ...(one as unknown[]),
            i === 0 ? named : {},
          ])
        : [[...(first as unknown[]), named]];
  const add = (
    name: string,
    kind: string,
    config: Settings,
    first: unknown,
    named: Settings = {},
    module?: string,
  ) => {
    layers.push({
      class_name: kind,
      name,
      ...(module === undefined ? {} : { module, registered_name: kind }),
      config: { name, ...config },
      inbound_nodes: [call(first, named)],
    });
    return tensor(name, version);
  };
  const image = tensor("image", version);
  const flat = add("flat", "Flatten", {}, image);
  const shaped = inputs.map((shape, i) =>
    shape.join() === map.join()
      ? add(`same${i}`, "ELU", { alpha: 0.5 + i }, image)
      : shape.length === 1
        ? add(`shaped${i}`, "Dense", {}, flat)
        : add(`shaped${i}`, "Reshape", { target_shape: [...shape] }, flat),
  );
  const both = list && shaped.length === 1 ? [shaped[0], shaped[0]] : shaped;
  const named = Object.fromEntries(
    Object.entries(given.named ?? {}).map(([name, value]) => [name, value]),
  );
  const odd = add(
    oddName,
    className,
    settings,
    list ? both : shaped[0],
    named,
    given.module,
  );
  const own = add("own", "Flatten", {}, odd);
  if (given.alone) add("end", "ReLU", {}, own);
  else add("end", "Concatenate", {}, [own, flat]);
  const topology = {
    class_name: "Functional",
    config: {
      name: "around",
      layers,
      input_layers: [["image", 0, 0]],
      output_layers: [["end", 0, 0]],
    },
  };
  const source: WeightSource = {
    read: ({ layer }, wanted) =>
      Promise.resolve(
        wanted.map(([name = ""], i): Weight | null => {
          if (layer.name.startsWith("shaped"))
            return name === "kernel"
              ? randomWeight([144, 12], 0.2, 3)
              : randomWeight([12], 0.2, 4);
          const shape = given.weights?.[name];
          if (!shape) return null;
          const weight = randomWeight(shape, 0.5, i + 1);
          return name.endsWith("variance")
            ? { shape, data: weight.data.map((v) => 0.5 + v * v) }
            : weight;
        }),
      ),
  };
  return readKeras(
    {
      format: "test",
      producer: "test",
      version,
      topology: readTopology(topology),
      weights: () => Promise.resolve(source),
    },
    memoryFiles({}),
    readOptions,
  );
}
