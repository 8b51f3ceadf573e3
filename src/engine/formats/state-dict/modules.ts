/** PyTorch's layers by the names of their weights: each call reads a layer's weights and adds it to a lowering. */
import type { Op } from "../../network/op";
import * as ops from "../../network/ops/index";
import type { Constant, Lowering, Value } from "../lowering/index";
import type { Keys } from "./keys";
import type { WeightReader } from "./weight-reader";

export type Size = number | readonly [number, number];

export interface ConvSettings {
  readonly stride?: Size;
  readonly dilation?: number;
  /** Half the dilated kernel where it is missing: the map keeps its size at stride 1. "same" is TensorFlow's. */
  readonly padding?: Size | "same";
}

export interface PoolOptions {
  readonly window: Size;
  readonly stride: Size;
  readonly padding?: Size;
  readonly ceil?: boolean;
  /** Average only; PyTorch's default is true. */
  readonly countPadding?: boolean;
}

export interface DenseSettings {
  /** The key of the matrix, where it is not `name.weight`. */
  readonly weight?: string;
  /** The key of the bias, which may be missing, or the bias itself. */
  readonly bias?: string | Constant;
  /** Pixels of the map that was flattened before it, channels last. */
  readonly area?: number;
}

type None = Record<string, never>;

export class Modules {
  readonly weights: WeightReader;
  readonly lowering: Lowering;

  constructor(weights: WeightReader, lowering: Lowering) {
    this.weights = weights;
    this.lowering = lowering;
  }

  get keys(): Keys {
    return this.weights.keys;
  }

  /** weight [out, in / groups, height, width], bias [out]; the groups are what the input's channels make of it. */
  async conv(
    name: string,
    x: Value,
    { stride = 1, padding, dilation = 1 }: ConvSettings = {},
  ): Promise<Value> {
    const [out, inputs, height, width] = this.weights.shape(
      `${name}.weight`,
      4,
    );
    const channels = x.dims[1] ?? 0;
    if (channels % inputs !== 0 || out % (channels / inputs) !== 0)
      throw this.weights.misfit(`${name}.weight`, `${channels} channels`);
    const half: Size = [
      Math.floor((dilation * (height - 1)) / 2),
      Math.floor((dilation * (width - 1)) / 2),
    ];
    const data = await this.weights.transposed(`${name}.weight`, {
      out,
      inputs,
      area: height * width,
    });
    return this.lowering.conv2d(
      name,
      x,
      { shape: [height, width, inputs, out], data },
      await this.weights.optional(`${name}.bias`, out),
      {
        order: "NCHW",
        strides: pair(stride),
        dilations: pair(dilation),
        padding: padding === "same" ? padding : around(padding ?? half),
        groups: channels / inputs,
      },
    );
  }

  /** weight and bias [channel], which may be missing, running_mean and running_var. */
  async batchNorm(name: string, x: Value, epsilon = 1e-5): Promise<Value> {
    const size = x.dims[1] ?? 0;
    const mean = await this.weights.vector(`${name}.running_mean`, size);
    const variance = await this.weights.vector(`${name}.running_var`, size);
    return this.lowering.batchNorm(
      name,
      x,
      {
        gamma: await this.weights.optional(`${name}.weight`, size),
        beta: await this.weights.optional(`${name}.bias`, size),
        mean,
        variance,
      },
      { axis: 1, epsilon },
    );
  }

  /** Over the last axis of x. */
  async layerNorm(name: string, x: Value, epsilon: number): Promise<Value> {
    const axis = x.dims.length - 1;
    const size = x.dims[axis] ?? 0;
    const { shape, data: gamma } = await this.weights.vector(
      `${name}.weight`,
      size,
    );
    const { data: beta } = await this.weights.vector(`${name}.bias`, size);
    return this.lowering.layerNorm(
      name,
      x,
      this.lowering.constant(shape, gamma),
      this.lowering.constant(shape, beta),
      { axis, epsilon },
    );
  }

  /**
   * weight [out, in], bias [out], after a map [1, channel, height, width] is flattened. It is taken as it is stored,
   * channels last, and the weight's rows are put in that order.
   */
  async linear(name: string, map: Value): Promise<Value> {
    const [, channels = 0, height = 1, width = 1] = map.dims;
    const turned = this.lowering.transpose(`${name}/flat`, map, [0, 2, 3, 1]);
    const features = channels * height * width;
    const flat = this.lowering.reshape(`${name}/flat`, turned, [1, features]);
    return this.dense(name, flat, { area: height * width });
  }

  /** weight [out, in], bias [out], along the last axis. */
  async dense(
    name: string,
    x: Value,
    {
      weight = `${name}.weight`,
      bias = `${name}.bias`,
      area = 1,
    }: DenseSettings = {},
  ): Promise<Value> {
    const { lowering } = this;
    const [out, inputs] = this.weights.shape(weight, 2);
    const features = x.dims.at(-1) ?? 0;
    if (features !== inputs)
      throw this.weights.misfit(weight, `${features} features`);
    const sizes = { out, inputs: inputs / area, area };
    const data = await this.weights.transposed(weight, sizes);
    const read =
      typeof bias === "string" ? await this.weights.optional(bias, out) : null;
    const offset =
      typeof bias === "string"
        ? read && lowering.constant(read.shape, read.data)
        : bias;
    return lowering.matmul(name, x, lowering.constant([inputs, out], data), {
      bias: offset,
    });
  }

  /** A parameter as it is. */
  async parameter(key: string, rank: number): Promise<Constant> {
    const shape = this.weights.shape(key, rank);
    return this.lowering.constant(shape, await this.weights.plain(key));
  }

  maxPool(name: string, x: Value, options: PoolOptions): Value {
    return this.#pool(name, "max", x, options);
  }

  averagePool(name: string, x: Value, options: PoolOptions): Value {
    return this.#pool(name, "average", x, options);
  }

  /** [1, channel, height, width] to [1, channel]. */
  globalAverage(name: string, x: Value): Value {
    return this.lowering.reduce(name, "mean", x, [2, 3], false);
  }

  /** [1, channel, height, width] to [1, channel]. */
  globalMax(name: string, x: Value): Value {
    return this.lowering.reduce(name, "max", x, [2, 3], false);
  }

  /** Every value times a number. */
  scale(name: string, x: Value, factor: number): Value {
    const constant = this.lowering.constant([1], Float32Array.of(factor));
    return this.multiply(name, x, constant);
  }

  relu(name: string, x: Value): Value {
    return this.activation(name, ops.rectifier, x, {
      slope: 0,
      ceiling: null,
    });
  }

  relu6(name: string, x: Value): Value {
    return this.activation(name, ops.rectifier, x, { slope: 0, ceiling: 6 });
  }

  /** An activation without attributes: swish, hard-swish, sigmoid, gelu. */
  smooth(name: string, op: Op<None>, x: Value): Value {
    return this.activation(name, op, x, {});
  }

  activation<A extends object>(
    name: string,
    op: Op<A>,
    x: Value,
    attributes: A,
  ): Value {
    return this.lowering.activation(name, op, attributes, x);
  }

  add(name: string, a: Value, b: Value): Value {
    return this.lowering.binary(name, "add", a, b);
  }

  multiply(name: string, a: Value, b: Value): Value {
    return this.lowering.binary(name, "multiply", a, b);
  }

  /** Along the channels. */
  concat(name: string, values: readonly Value[]): Value {
    return this.lowering.concat(name, values, 1);
  }

  #pool(
    name: string,
    kind: "max" | "average",
    x: Value,
    { window, stride, padding = 0, ceil, countPadding = true }: PoolOptions,
  ): Value {
    return this.lowering.pool(name, kind, x, {
      order: "NCHW",
      window: pair(window),
      strides: pair(stride),
      dilations: [1, 1],
      padding: around(padding),
      ceil: ceil === true,
      countPadding,
    });
  }
}

export function pair(size: Size): readonly [number, number] {
  return typeof size === "number" ? [size, size] : size;
}

/** The same padding at both ends of each axis. */
function around(padding: Size): ops.Pads {
  const [rows, columns] = pair(padding);
  return [
    [rows, rows],
    [columns, columns],
  ];
}
