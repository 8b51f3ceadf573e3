/** Forward passes of a network as it is trained, as one graph whose weights are fed. */
import { dispose, tensor, tensor1d, type Tensor } from "@tensorflow/tfjs-core";
import { Fault } from "../../../shared/fault";
import { shapeOf, type Network } from "../../network/network";
import type { Node } from "../../network/op";
import { preprocessOf } from "../../network/preprocess";
import { emitForward, type Forward } from "../../step/differentiate";
import { GraphBuilder, type Ref } from "../../step/graph";
import { emitPreprocess } from "../../step/preprocess";
import type { LoadedGraph, NativeRuntime } from "../../step/runtime";
import type { Batch } from "./batch";

/** Passes in the making: what is emitted here is loaded by {@link TrainingPasses}. */
export class PassBuilder {
  readonly network: Network;
  readonly graph = new GraphBuilder();
  /** [batch], the class of each picture. */
  readonly labels: Ref;
  readonly batch: number;
  /** Placeholder by "node/weight". */
  readonly weights = new Map<string, Ref>();
  readonly #input: Ref;
  readonly #forwards = new Map<string, Forward>();

  /** Of the network, its structure counts: weights are fed. */
  constructor(network: Network, batch: number) {
    this.network = network;
    this.batch = batch;
    this.#input = emitPreprocess(
      this.graph,
      this.graph.placeholder("image", [batch, ...network.input]),
      preprocessOf(network),
    );
    this.labels = this.graph.placeholder("labels", [batch], "int32");
  }

  /**
   * A pass with the batch's own statistics, float32, whose rectifiers have the slope `slope(own)`. Equal slopes give
   * the same pass.
   */
  forward(slope: (own: number) => number): Forward {
    const key = this.network.nodes
      .map(
        ({ attributes }) => "slope" in attributes && Number(attributes.slope),
      )
      .map((own) => own !== false && slope(own))
      .join();
    let forward = this.#forwards.get(key);
    if (!forward)
      this.#forwards.set(
        key,
        (forward = emitForward(this.network, this.#input, {
          graph: this.graph,
          training: true,
          precisionOf: () => "float32",
          forwardSlope: slope,
          weight: (node, name) => this.#weight(node, name),
        })),
      );
    return forward;
  }

  #weight(node: Node, name: string): Ref {
    const key = `${node.name}/${name}`;
    let ref = this.weights.get(key);
    if (!ref) {
      const weight = node.weights[name];
      if (!weight) throw new RangeError(`"${node.name}" has no "${name}"`);
      ref = this.graph.placeholder(`weight_${this.weights.size}`, weight.shape);
      this.weights.set(key, ref);
    }
    return ref;
  }
}

/** The passes on the native side, with the weights and the batch of now. To be disposed. */
export class TrainingPasses {
  readonly #builder: PassBuilder;
  readonly #runtime: NativeRuntime;
  readonly #loaded: LoadedGraph;
  #feeds: Readonly<Record<string, Tensor>> = {};

  constructor(builder: PassBuilder, runtime: NativeRuntime) {
    this.#builder = builder;
    this.#runtime = runtime;
    this.#loaded = runtime.load(runtime.encode(builder.graph.definition));
  }

  /** From now on with these weights, of a network of the same structure, and this batch. */
  feed(network: Network, { images, labels }: Batch): void {
    const { batch, weights } = this.#builder;
    const feeds: Record<string, Tensor> = {
      image: tensor(images, [batch, ...network.input]),
      labels: tensor1d(labels, "int32"),
    };
    for (const node of network.nodes)
      for (const [name, { shape, data }] of Object.entries(node.weights)) {
        const ref = weights.get(`${node.name}/${name}`);
        if (ref) feeds[ref.name] = tensor(data, [...shape]);
      }
    dispose(this.#feeds);
    this.#feeds = feeds;
  }

  /** One native call; a scalar for each fetch. */
  run(fetches: readonly Ref[]): number[] {
    const results = this.#runtime.run(
      this.#loaded,
      this.#feeds,
      fetches.map(({ name }) => name),
    );
    const values = results.map((result) => result.dataSync()[0] ?? NaN);
    dispose(results);
    return values;
  }

  dispose(): void {
    dispose(this.#feeds);
    this.#runtime.unload(this.#loaded);
  }
}

/** Throws a Fault `invalid-request` where there is no native library. */
export function nativeOf(runtime: NativeRuntime | null): NativeRuntime {
  if (!runtime)
    throw new Fault(
      "invalid-request",
      "Passes as in training need native TensorFlow, which is not there.",
      "Run the set-up again; it says why native TensorFlow was not built.",
    );
  return runtime;
}

/** Activations and gradients of one pass may take so much: 4 GiB. */
const mostBytes = 4 * 2 ** 30;

/** Throws a Fault `invalid-request` where a batch would take too much memory. */
export function checkMemory(network: Network, batch: number): void {
  const values = network.nodes.reduce(
    (sum, { name }) => sum + shapeOf(network, name).reduce((a, b) => a * b, 1),
    network.input.reduce((a, b) => a * b, 1),
  );
  // every value and its gradient, four bytes each
  const bytes = values * 8 * batch;
  if (bytes > mostBytes)
    throw new Fault(
      "invalid-request",
      `A batch of ${batch} pictures would take about ${(bytes / 2 ** 30).toFixed(1)} GiB.`,
      `Take at most ${Math.max(1, Math.floor(mostBytes / (values * 8)))} pictures a batch, or smaller ones.`,
    );
}
