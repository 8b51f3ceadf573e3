/** An architecture, and the pieces that all of them are put together from. */
import { inferShapes, inputName, type Network } from "../../network/network";
import {
  node,
  type Node,
  type Shape,
  type Weight,
  type Weights,
} from "../../network/op";
import * as ops from "../../network/ops/index";
import { randomStream } from "../../random";

export interface ArchitectureOptions {
  /** [height, width, channel]; images go in as they are, x in [-1, 1]. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  /** Of the weights. The same seed gives the same network. */
  readonly seed: number;
  /** Default: true. Without, every convolution has a bias in its place, which begins at 0. */
  readonly batchNorm?: boolean;
  /** Names of the classes. */
  readonly labels?: readonly string[];
}

export interface Architecture {
  readonly title: string;
  /** One sentence. */
  readonly description: string;
  /** The network before training. Throws a Fault where the input is too small for it. */
  build(options: ArchitectureOptions): Network;
}

export interface ConvolutionOptions {
  /** [kernel height and width, output channels]. */
  readonly kernel: number;
  readonly out: number;
  readonly stride?: number;
  /** "same" is TensorFlow's; "symmetric" pads (kernel - 1) / 2 on every side, as PyTorch's networks do. */
  readonly padding?: "same" | "symmetric";
  /** A bias where there is no batch norm; default: true. */
  readonly bias?: boolean;
}

/** Puts a network together, node by node. Every method adds nodes and returns the name of the last. */
export class Sketch {
  readonly #options: ArchitectureOptions;
  readonly #epsilon: number;
  readonly #nodes: Node[] = [];
  readonly #shapes: Map<string, Shape>;
  /** Every weight has a random stream of its own. */
  #drawn = 0;

  /** `epsilon`: of every batch norm. */
  constructor(options: ArchitectureOptions, epsilon: number) {
    this.#options = options;
    this.#epsilon = epsilon;
    this.#shapes = new Map([[inputName, options.input]]);
  }

  channels(name: string): number {
    return this.#shapes.get(name)?.at(-1) ?? 0;
  }

  /** Kernels are normal with variance 2 / (out * kernel^2): He et al. 2015, the fan that goes out. */
  convolution(
    name: string,
    input: string,
    {
      kernel,
      out,
      stride = 1,
      padding = "symmetric",
      bias = true,
    }: ConvolutionOptions,
  ): string {
    const deviation = Math.sqrt(2 / (out * kernel * kernel));
    const shape = [kernel, kernel, this.channels(input), out];
    const weights: Weights = {
      kernel: this.#draw(shape, (random) => deviation * random.normal()),
      ...(this.#normalizes || !bias ? {} : { bias: filled(out, 0) }),
    };
    const attributes = {
      strides: [stride, stride],
      dilations: [1, 1],
      padding: padding === "same" ? "same" : around((kernel - 1) / 2),
      groups: 1,
    } as const;
    return this.add(node(ops.conv2d, name, [input], attributes, weights));
  }

  /** The input itself where the network has no batch norm. */
  norm(name: string, input: string): string {
    if (!this.#normalizes) return input;
    const channels = this.channels(input);
    return this.add(
      node(
        ops.batchNorm,
        name,
        [input],
        { epsilon: this.#epsilon },
        {
          gamma: filled(channels, 1),
          beta: filled(channels, 0),
          mean: filled(channels, 0),
          variance: filled(channels, 1),
        },
      ),
    );
  }

  rectifier(name: string, input: string): string {
    return this.add(
      node(ops.rectifier, name, [input], { slope: 0, ceiling: null }),
    );
  }

  sum(name: string, inputs: readonly string[]): string {
    return this.add(node(ops.add, name, inputs, {}));
  }

  /** `padding`: one that every file format can say; Keras has no other for pools. */
  maxPool(
    name: string,
    input: string,
    {
      window,
      stride,
      padding,
    }: { window: number; stride: number; padding: "same" | "valid" },
  ): string {
    return this.add(
      node(ops.maxPool, name, [input], {
        window: [window, window],
        strides: [stride, stride],
        padding,
      }),
    );
  }

  /** Global average and the logits; weights and biases uniform within 1 / sqrt(features), PyTorch's default. */
  classifier(input: string): Network {
    const { classes, labels = [], input: image } = this.#options;
    const pooled = this.add(
      node(ops.globalAverage, "pool", [input], { keepDims: false }),
    );
    const features = this.channels(pooled);
    const limit = 1 / Math.sqrt(features);
    const draw = (shape: Shape) =>
      this.#draw(shape, (random) => limit * (2 * random.uniform() - 1));
    const kernel = draw([features, classes]);
    const bias = draw([classes]);
    const output = this.add(
      node(ops.dense, "logits", [pooled], {}, { kernel, bias }),
    );
    return {
      name: "untrained",
      input: image,
      nodes: this.#nodes,
      output,
      shapes: inferShapes(image, this.#nodes),
      labels,
      preprocessing: null,
      maximises: "class logit",
      told: { fixedSize: null, preprocessing: null },
      provenance: {
        format: "built by Proxima",
        hash: "",
        producer: "Proxima",
        stripped: [],
        warnings: [],
      },
    };
  }

  add(next: Node): string {
    const inputs = next.inputs.map((name) => this.#shapes.get(name) ?? []);
    this.#shapes.set(next.name, next.op.infer(inputs, next));
    this.#nodes.push(next);
    return next.name;
  }

  get #normalizes(): boolean {
    return this.#options.batchNorm ?? true;
  }

  #draw(
    shape: Shape,
    value: (random: ReturnType<typeof randomStream>) => number,
  ): Weight {
    const random = randomStream(this.#options.seed, this.#drawn++);
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) data[i] = value(random);
    return { shape, data };
  }
}

export function around(pad: number) {
  return [
    [pad, pad],
    [pad, pad],
  ] as const;
}

function filled(length: number, value: number): Weight {
  return { shape: [length], data: new Float32Array(length).fill(value) };
}
