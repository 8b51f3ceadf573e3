/** Training as one native call a step; weights, moments and statistics stay on the native side between the calls. */
import {
  dispose,
  scalar,
  tensor1d,
  tensor4d,
  type Tensor,
} from "@tensorflow/tfjs-core";
import { Fault } from "../../shared/fault";
import { classCount, type Network } from "../network/network";
import type { Node, Weight, Weights } from "../network/op";
import * as ops from "../network/ops/index";
import { compileStep, taken } from "../step/compile";
import type { NativeRuntime } from "../step/runtime";
import type { Step } from "../step/step";
import { settingsOf } from "./optimizer";
import { gather, layOut, scatter, weightsOf } from "./parameters";
import { emitTrainStep } from "./program";
import { checkLabels, scoreBatch } from "./score";
import type { TrainOptions, TrainState, TrainStep } from "./train-step";

/**
 * Compiles a training step and loads it. Throws a Fault `invalid-request` without a runtime: nothing but native
 * TensorFlow trains; `unsupported-network` where an operation cannot be trained.
 */
export function compileTrainStep(
  options: TrainOptions,
  runtime: NativeRuntime | null,
): TrainStep {
  if (!runtime)
    throw new Fault(
      "invalid-request",
      "Training needs native TensorFlow, which is not there.",
      "Run the set-up again; it says why native TensorFlow was not built.",
    );
  const { batch } = options;
  const network = withSlope(options.network, options.slopes.forward);
  const classes = classCount(network);
  const parameters = layOut(network);
  const { kernels, shifts, statistics } = parameters;
  const { beta1, beta2 } = settingsOf(options.optimizer);
  const program = emitTrainStep({ ...options, network }, parameters);
  const loaded = runtime.load(runtime.encode(program.graph.definition));
  const pixels = network.input.reduce((a, b) => a * b, 1);
  let steps = 0;
  /** What is fed and fetched, by placeholder. */
  let moving = new Map<string, Tensor>();
  /** The network of now, for evaluation; made when it is asked for. */
  let still: Step | null = null;

  const replace = (next: ReadonlyMap<string, Tensor>) => {
    dispose([...moving.values()]);
    moving = new Map(next);
    still?.dispose();
    still = null;
  };
  const restore = ({ step, weights, moments }: TrainState) => {
    const values: Readonly<Record<string, Float32Array>> = {
      kernels: gather(kernels, weights),
      kernels_first: gather(kernels, moments.first),
      kernels_second: gather(kernels, moments.second),
      shifts: gather(shifts, weights),
      shifts_first: gather(shifts, moments.first),
      shifts_second: gather(shifts, moments.second),
      statistics: gather(statistics, weights),
    };
    replace(
      new Map(
        program.moving.map(({ feed }) => [
          feed,
          tensor1d(values[feed] ?? new Float32Array()),
        ]),
      ),
    );
    steps = step;
  };
  const valuesOf = (feed: string) =>
    moving.get(feed)?.dataSync<"float32">() ?? new Float32Array();
  const weightsNow = () => ({
    ...scatter(kernels, valuesOf("kernels")),
    ...scatter(shifts, valuesOf("shifts")),
    ...scatter(statistics, valuesOf("statistics")),
  });
  const momentsNow = (which: "first" | "second") => ({
    ...scatter(kernels, valuesOf(`kernels_${which}`)),
    ...scatter(shifts, valuesOf(`shifts_${which}`)),
  });

  const nothing = {
    ...scatter(kernels, new Float32Array(kernels.length)),
    ...scatter(shifts, new Float32Array(shifts.length)),
  };
  restore({
    step: 0,
    weights: weightsOf(network),
    moments: { first: nothing, second: nothing },
  });

  return {
    batch,
    advance(images, labels, learningRate) {
      checkLabels(labels, batch, classes);
      const step = steps + 1;
      const feeds = {
        image: tensor4d(images, [batch, ...network.input]),
        labels: tensor1d(labels, "int32"),
        learningRate: scalar(learningRate),
        correction1: scalar(1 - beta1 ** step),
        correction2: scalar(1 - beta2 ** step),
      };
      const fetches = [
        program.losses,
        program.logits,
        ...program.moving.map(({ fetch }) => fetch),
      ];
      let results: Tensor[];
      try {
        const fed = { ...feeds, ...Object.fromEntries(moving) };
        results = runtime.run(loaded, fed, fetches);
      } finally {
        dispose(feeds);
      }
      const [losses, logits, ...moved] = results;
      const loss = mean(taken(losses));
      const { correct } = scoreBatch(taken(logits), labels, classes);
      replace(
        new Map(
          moved.map((value, i) => [program.moving[i]?.feed ?? "", value]),
        ),
      );
      steps = step;
      return { loss, correct };
    },
    evaluate(images, labels, count) {
      const counted = labels.subarray(0, count);
      checkLabels(counted, count, classes);
      still ??= compileStep(
        {
          network: withWeights(network, weightsNow()),
          methods: [],
          batch,
          precision: "float32",
          regularization: { blur: 0, rotate: 0 },
        },
        runtime,
      );
      const padded = new Float32Array(batch * pixels);
      padded.set(images.subarray(0, count * pixels));
      const x = tensor4d(padded, [batch, ...network.input]);
      try {
        return scoreBatch(still.score(x), counted, classes);
      } finally {
        x.dispose();
      }
    },
    state: () => ({
      step: steps,
      weights: weightsNow(),
      moments: { first: momentsNow("first"), second: momentsNow("second") },
    }),
    restore,
    network: () => withWeights(network, weightsNow()),
    dispose() {
      replace(new Map());
      runtime.unload(loaded);
    },
  };
}

/** The network whose rectifiers have this slope as their own. */
function withSlope(network: Network, slope: number): Network {
  const nodes = network.nodes.map((node) =>
    node.op.kind === ops.rectifier.kind
      ? { ...node, attributes: { ...node.attributes, slope } }
      : node,
  );
  return { ...network, nodes };
}

/** The network with other weights, by "node/weight"; those not named stay. */
function withWeights(
  network: Network,
  weights: Readonly<Record<string, Weight>>,
): Network {
  const replaced = (node: Node): Weights =>
    Object.fromEntries(
      Object.entries(node.weights).map(([name, weight]) => [
        name,
        weights[`${node.name}/${name}`] ?? weight,
      ]),
    );
  const nodes = network.nodes.map((node): Node => ({
    ...node,
    weights: replaced(node),
  }));
  return { ...network, nodes };
}

function mean(values: Float32Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
