/** PyTorch's layers by the names of their weights: each call reads a layer's weights and adds it to a lowering. */
import { Fault } from "../../../shared/fault";
import type { Op, Shape, Weight } from "../../network/op";
import * as ops from "../../network/ops/index";
import type { Pads } from "../../network/ops/index";
import type { Constant, Lowering, Value } from "../lowering/index";
import { exportAdvice, saveAdvice } from "./advice";
import type { Keys } from "./keys";
import { readPlain, readTransposed } from "./layout";
import { countOf, type StoredTensor } from "./stored-tensor";

export type Size = number | readonly [number, number];

export interface ConvSettings {
  readonly stride?: Size;
  /** Half the kernel where it is missing: the map keeps its size at stride 1. "same" is TensorFlow's. */
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

/** How weights are read. */
export interface Reading {
  /** The family, for faults: "torchvision's ResNet". */
  readonly title: string;
  /** What stands before every key in the file: "module.". */
  readonly prefix: string;
  /** The classes of values that are no tensors, by key without prefix. */
  readonly foreign: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
  /** Called with the bytes of every weight that was read. */
  read(bytes: number): void;
}

type None = Record<string, never>;

export class Modules {
  readonly keys: Keys;
  readonly lowering: Lowering;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #reading: Reading;
  readonly #used = new Set<string>();

  constructor(
    keys: Keys,
    tensors: ReadonlyMap<string, StoredTensor>,
    lowering: Lowering,
    reading: Reading,
  ) {
    this.keys = keys;
    this.lowering = lowering;
    this.#tensors = tensors;
    this.#reading = reading;
  }

  /** Keys that no layer asked for. */
  unused(): string[] {
    return [...this.keys.all].filter((key) => !this.#used.has(key));
  }

  /** weight [out, in / groups, height, width], bias [out]; the groups are what the input's channels make of it. */
  async conv(
    name: string,
    x: Value,
    { stride = 1, padding }: ConvSettings = {},
  ): Promise<Value> {
    const [out, inputs, height, width] = this.#shape(`${name}.weight`, 4);
    const channels = x.dims[1] ?? 0;
    if (channels % inputs !== 0 || out % (channels / inputs) !== 0)
      throw this.misfit(`${name}.weight`, `${channels} channels`);
    const half: Size = [
      Math.floor((height - 1) / 2),
      Math.floor((width - 1) / 2),
    ];
    const data = await this.#transposed(`${name}.weight`, {
      out,
      inputs,
      area: height * width,
    });
    return this.lowering.conv2d(
      name,
      x,
      { shape: [height, width, inputs, out], data },
      await this.#optional(`${name}.bias`, out),
      {
        order: "NCHW",
        strides: pair(stride),
        dilations: [1, 1],
        padding: padding === "same" ? padding : around(padding ?? half),
        groups: channels / inputs,
      },
    );
  }

  /** weight and bias [channel], which may be missing, and the running mean and variance. */
  async batchNorm(name: string, x: Value, epsilon = 1e-5): Promise<Value> {
    const size = x.dims[1] ?? 0;
    this.#used.add(`${name}.num_batches_tracked`);
    const mean = await this.#vector(`${name}.running_mean`, size);
    const variance = await this.#vector(`${name}.running_var`, size);
    return this.lowering.batchNorm(
      name,
      x,
      {
        gamma: await this.#optional(`${name}.weight`, size),
        beta: await this.#optional(`${name}.bias`, size),
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
    const { shape, data: gamma } = await this.#vector(`${name}.weight`, size);
    const { data: beta } = await this.#vector(`${name}.bias`, size);
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
    const [out, inputs] = this.#shape(weight, 2);
    const features = x.dims.at(-1) ?? 0;
    if (features !== inputs) throw this.misfit(weight, `${features} features`);
    const sizes = { out, inputs: inputs / area, area };
    const data = await this.#transposed(weight, sizes);
    const read =
      typeof bias === "string" ? await this.#optional(bias, out) : null;
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
    const shape = this.#shape(key, rank);
    return this.lowering.constant(shape, await this.#plain(key));
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

  /** A weight that does not fit what it is given. */
  misfit(key: string, found: string): Fault {
    const shape = this.keys.shape(key) ?? [];
    return new Fault(
      "unsupported-network",
      `The weight "${this.#reading.prefix}${key}" has the shape [${shape.join(", ")}] and is given ${found}: the keys are those of ${this.#reading.title}, the shapes are not.`,
      exportAdvice,
    );
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

  /** The shape of a weight that must be there, of this rank. */
  #shape(key: string, rank: 4): readonly [number, number, number, number];
  #shape(key: string, rank: 2): readonly [number, number];
  #shape(key: string, rank: number): Shape;
  #shape(key: string, rank: number): Shape {
    const { shape } = this.#tensor(key);
    if (shape.length !== rank || shape.some((size) => size < 1))
      throw this.misfit(key, `a place for ${rank} dimensions`);
    return shape;
  }

  #tensor(key: string): StoredTensor {
    const tensor = this.#tensors.get(key);
    if (tensor) return tensor;
    const { title, prefix, foreign } = this.#reading;
    const maker = foreign.get(key);
    if (maker !== undefined)
      throw new Fault(
        "unsupported-network",
        `The weight "${prefix}${key}" is made by ${maker}, which Proxima does not know and does not run.`,
        `Save the weights as plain tensors of floats. ${exportAdvice}`,
      );
    throw new Fault(
      "unsupported-network",
      `The keys are those of ${title}, but "${prefix}${key}" is missing.`,
      `Save all weights of the network: ${saveAdvice} ${exportAdvice}`,
    );
  }

  async #optional(key: string, size: number): Promise<Weight | null> {
    return this.#tensors.has(key) ? this.#vector(key, size) : null;
  }

  async #vector(key: string, size: number): Promise<Weight> {
    const shape = this.#shape(key, 1);
    if (shape[0] !== size) throw this.misfit(key, `${size} channels`);
    return { shape, data: await this.#plain(key) };
  }

  async #plain(key: string): Promise<Float32Array> {
    return readPlain(key, this.#take(key));
  }

  async #transposed(
    key: string,
    sizes: { out: number; inputs: number; area: number },
  ): Promise<Float32Array> {
    return readTransposed(key, this.#take(key), sizes);
  }

  /** A tensor that is about to be read. */
  #take(key: string): StoredTensor {
    const tensor = this.#tensor(key);
    this.#reading.signal.throwIfAborted();
    this.#used.add(key);
    this.#reading.read(Math.max(tensor.bytes, countOf(tensor.shape)));
    return tensor;
  }
}

export function pair(size: Size): readonly [number, number] {
  return typeof size === "number" ? [size, size] : size;
}

/** The same padding at both ends of each axis. */
function around(padding: Size): Pads {
  const [rows, columns] = pair(padding);
  return [
    [rows, rows],
    [columns, columns],
  ];
}
