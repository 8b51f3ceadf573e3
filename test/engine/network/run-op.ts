/** One operation alone: eagerly through tfjs-core, and as a graph through the native runtime. */
import {
  grads,
  mul,
  sum,
  tensor,
  tidy,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { NativeRuntime } from "../../../src/engine";
import type { Node } from "../../../src/engine/network/op";
import { GraphBuilder, type Ref } from "../../../src/engine/step/graph";
import type { Slopes } from "../../../src/shared/method";
import type { Values } from "./reference";

/** A value and the gradients of sum(dy * value) with respect to the inputs; empty where none flows. */
export interface Both {
  readonly value: Float32Array;
  readonly shape: readonly number[];
  readonly gradients: readonly Float32Array[];
}

type Rule = (own: number) => Slopes;
/** A rectifier's own slope, forward and backward. */
export const plain: Rule = (own) => ({ forward: own, backward: own });

function toTensor({ shape, data }: Values): Tensor {
  return tensor(Float32Array.from(data), [...shape]);
}

function floats(x: Tensor): Float32Array {
  return x.dataSync<"float32">();
}

export function runEager(
  node: Node,
  inputs: readonly Values[],
  dy: Float64Array,
  slopes: Rule = plain,
): Both {
  return tidy(() => {
    const context = {
      weight: (of: Node, name: string) => {
        const weight = of.weights[name];
        if (!weight) throw new RangeError(`no weight ${name}`);
        return tensor(weight.data, [...weight.shape]);
      },
      slopes,
    };
    const forward = (...x: Tensor[]) => node.op.eager(x, node, context);
    const x = inputs.map(toTensor);
    const y = forward(...x);
    const seed = tensor(Float32Array.from(dy), y.shape);
    const gradient = grads((...v: Tensor[]) => sum(mul(forward(...v), seed)));
    return {
      value: floats(y),
      shape: y.shape,
      gradients: gradient(x).map(floats),
    };
  });
}

export function runGraph(
  runtime: NativeRuntime,
  node: Node,
  inputs: readonly Values[],
  dy: Float64Array,
  slopes: Rule = plain,
  precision: "float32" | "bfloat16" = "float32",
): Both {
  const graph = new GraphBuilder();
  const wide = (ref: Ref): Ref =>
    graph.binary("Mul", graph.cast(ref, "float32"), graph.scalar(1));
  const placeholders = inputs.map((x, i) =>
    graph.placeholder(`x${i}`, x.shape),
  );
  const emission = node.op.emit(
    placeholders.map((p) => graph.cast(p, precision)),
    node,
    {
      graph,
      weight: (of, name) => {
        const weight = of.weights[name];
        if (!weight) throw new RangeError(`no weight ${name}`);
        return graph.weight(weight, precision);
      },
      forwardSlope: (own) => slopes(own).forward,
      training: false,
    },
  );
  const { shape } = emission.output;
  const seed = graph.placeholder("dy", shape);
  const adjoints = emission.adjoint(graph.cast(seed, precision), {
    graph,
    backwardSlope: (own) => slopes(own).backward,
  });
  const flowing = adjoints.filter((ref) => ref !== null);
  const fetched = [emission.output, ...flowing].map((ref) => {
    if (ref.dtype !== precision)
      throw new RangeError(`${ref.dtype} in a pass of ${precision}`);
    return wide(ref);
  });
  const loaded = runtime.load(runtime.encode(graph.definition));
  const feeds: Record<string, Tensor> = {
    dy: tensor(Float32Array.from(dy), [...shape]),
  };
  inputs.forEach((x, i) => (feeds[`x${i}`] = toTensor(x)));
  const results = runtime.run(
    loaded,
    feeds,
    fetched.map((ref) => ref.name),
  );
  runtime.unload(loaded);
  const [value, ...gradients] = results.map(floats);
  results.forEach((result, i) => {
    // what an operation says of its shape is what TensorFlow makes of it
    const said = fetched[i]?.shape.join();
    if (result.shape.join() !== said)
      throw new RangeError(`said [${said}], is [${result.shape.join()}]`);
  });
  for (const one of [...results, ...Object.values(feeds)]) one.dispose();
  return {
    value: value ?? new Float32Array(),
    shape,
    gradients: adjoints.map(
      (ref) => (ref && gradients[flowing.indexOf(ref)]) ?? new Float32Array(),
    ),
  };
}
