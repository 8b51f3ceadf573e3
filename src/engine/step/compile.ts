/** A step as native calls: network, gradient rules, update and clip become one graph. */
import {
  scalar,
  tensor,
  type Tensor,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import type { Method } from "../../shared/domain";
import { slopesOf } from "../../shared/method";
import { absorbPreprocess } from "../network/absorb";
import { fold } from "../network/fold";
import { classCount, shapeOf } from "../network/network";
import type { Node, Weight } from "../network/op";
import {
  emitForward,
  emitReverse,
  valueOf,
  type Forward,
} from "./differentiate";
import { GraphBuilder, type Ref } from "./graph";
import { emitPreprocess, emitPreprocessAdjoint } from "./preprocess";
import { compileRegularization } from "./compile-regularization";
import type { LoadedGraph, NativeRuntime } from "./runtime";
import type { Step, StepOptions } from "./step";

/**
 * Weights of at least so many values (16 MiB) are fed with every call instead of standing in the graph:
 * TensorFlow copies a constant for every set of fetches, and never what is fed.
 */
const fedFrom = 4 << 20;

/** Names of the values one method is asked for. */
interface Fetches {
  /** x + stepSize * g / ||g||, before any clip. */
  readonly moved: string;
  readonly clipped: string;
  readonly norm: string;
  readonly gradient: string;
  /** Whether the method's forward pass is the original network's, so that its values are the score's too. */
  readonly scores: boolean;
}

interface Program {
  readonly graph: GraphBuilder;
  readonly methods: readonly Fetches[];
  /** Logits of the original network in the run's precision. */
  readonly logits: string;
  /** The same in float32. */
  readonly score: string;
  /** Fed weights by placeholder. */
  readonly fed: ReadonlyMap<string, { shape: number[]; data: Float32Array }>;
}

/** Compiles a step and loads it into the runtime. */
export function compileStep(
  options: StepOptions,
  runtime: NativeRuntime,
): Step {
  const { network, batch, methods, regularization } = options;
  const program = emitProgram(options);
  const loaded: LoadedGraph = runtime.load(
    runtime.encode(program.graph.definition),
  );
  const regularizes = regularization.blur > 0 || regularization.rotate > 0;
  const regularizer = regularizes
    ? compileRegularization(
        [batch, ...network.input],
        regularization.blur,
        runtime,
      )
    : null;
  const weights: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of program.fed)
    weights[name] = tensor(data, shape);
  const classes = classCount(network);

  const run = (feeds: Record<string, Tensor>, fetches: readonly string[]) =>
    runtime.run(loaded, { ...feeds, ...weights }, fetches);
  const fetchesOf = (method: number) => {
    const fetches = program.methods[method];
    if (!fetches)
      throw new RangeError(`no method ${method} of ${methods.length}`);
    return fetches;
  };
  /** One value that needs the reverse pass, with the norms; the original network's logits where they come with it. */
  const reverse = (
    { norm, scores }: Fetches,
    fetch: string,
    images: Tensor4D,
    directions: Float32Array,
    feeds: Record<string, Tensor> = {},
  ) => {
    const direction = tensor(directions, [batch, classes]);
    const results = run(
      { image: images, direction, ...feeds },
      // a forward pass of another network is a call of its own: in one graph TensorFlow merges the first
      // convolution of both, and then fails to fuse any
      scores ? [fetch, norm, program.logits] : [fetch, norm],
    );
    direction.dispose();
    const [value, norms, logits] = results;
    return { value, norms: taken(norms), logits: logits ?? null };
  };
  /** Logits of the original network that did not come with a reverse pass. */
  const plainLogits = (logits: Tensor | null, images: Tensor4D) =>
    taken(logits ?? run({ image: images }, [program.logits])[0]);
  const move = (
    method: number,
    images: Tensor4D,
    directions: Float32Array,
    stepSize: number,
  ) => {
    const names = fetchesOf(method);
    const size = scalar(stepSize);
    const { value, norms, logits } = reverse(
      names,
      regularizes ? names.moved : names.clipped,
      images,
      directions,
      { stepSize: size },
    );
    size.dispose();
    // the shape is the graph's own
    return { images: value as Tensor4D, norms, logits };
  };

  return {
    batch,
    classes,
    advance(method, images, directions, stepSize) {
      const moved = move(method, images, directions, stepSize);
      return { ...moved, logits: plainLogits(moved.logits, images) };
    },
    move(method, images, directions, stepSize) {
      const { logits, ...moved } = move(method, images, directions, stepSize);
      logits?.dispose();
      return moved;
    },
    regularize: (images, transforms) =>
      regularizer ? regularizer.apply(images, transforms) : images,
    gradient(method, images, directions) {
      const names = fetchesOf(method);
      const { value, norms, logits } = reverse(
        names,
        names.gradient,
        images,
        directions,
      );
      return {
        gradients: taken(value),
        norms,
        logits: plainLogits(logits, images),
      };
    },
    score: (images) => taken(run({ image: images }, [program.score])[0]),
    dispose() {
      runtime.unload(loaded);
      regularizer?.dispose();
      for (const weight of Object.values(weights)) weight.dispose();
    },
  };
}

/**
 * A bias that TensorFlow keeps: it takes the addition of nothing but zeros for an identity, and then fuses neither it
 * nor the rectifier after it into the convolution. The smallest normal number changes no sum but that of an exact
 * zero, and a rectifier takes it for 0 because of its sign.
 */
function lasting(bias: Weight): Weight {
  if (bias.data.some((value) => value !== 0)) return bias;
  const data = new Float32Array(bias.data.length);
  data[0] = -(2 ** -126);
  return { ...bias, data };
}

/** Reads a result and gives it back. */
export function taken(result: Tensor | undefined): Float32Array {
  if (!result) throw new RangeError("the native call returned fewer values");
  const values = result.dataSync<"float32">();
  result.dispose();
  return values;
}

function emitProgram({
  network: original,
  methods,
  batch,
  precision,
}: StepOptions): Program {
  const { network, preprocess } = absorbPreprocess(fold(original));
  const graph = new GraphBuilder();
  const fed = new Map<string, { shape: number[]; data: Float32Array }>();
  const image = graph.placeholder("image", [batch, ...network.input]);
  const direction = graph.placeholder("direction", [
    batch,
    classCount(network),
  ]);
  const stepSize = graph.placeholder("stepSize", []);
  const input = emitPreprocess(graph, image, preprocess);

  const weights = new Map<string, Ref>();
  const weightIn = (
    dtype: "float32" | "bfloat16",
    node: Node,
    name: string,
  ) => {
    const key = `${dtype} ${node.name} ${name}`;
    let ref = weights.get(key);
    if (ref) return ref;
    const weight = node.weights[name];
    if (!weight) throw new RangeError(`"${node.name}" has no weight "${name}"`);
    if (weight.data.length >= fedFrom) {
      const { shape, data } = weight;
      ref = graph.placeholder(`weight_${fed.size}`, shape);
      fed.set(ref.name, { shape: [...shape], data });
      ref = graph.cast(ref, dtype);
    } else
      ref = graph.weight(name === "bias" ? lasting(weight) : weight, dtype);
    weights.set(key, ref);
    return ref;
  };
  // every own slope of a rectifier that is met; two methods that agree on them share a pass
  const owns = new Set<number>();
  const pass = (
    dtype: "float32" | "bfloat16",
    slope: (own: number) => number,
  ) => {
    // maps are computed in the run's precision; what is pooled to a vector, and the logits, in float32
    const precisionOf = (node: Node) =>
      shapeOf(network, node.name).length > 1 ? dtype : "float32";
    return emitForward(network, input, {
      graph,
      precisionOf,
      weight: (node, name) => weightIn(precisionOf(node), node, name),
      forwardSlope: (own) => {
        owns.add(own);
        return slope(own);
      },
    });
  };
  const logitsOf = (forward: Forward) =>
    graph.cast(valueOf(forward.values, network.output), "float32");

  const exact = pass("float32", (own) => own);
  const plain = precision === "float32" ? exact : pass(precision, (own) => own);
  const forwards = new Map<string, Forward>([[[...owns].join(), plain]]);
  const forwardOf = (method: Method) => {
    const slope = (own: number) => slopesOf(method, own).forward;
    const key = [...owns].map(slope).join();
    let forward = forwards.get(key);
    if (!forward) forwards.set(key, (forward = pass(precision, slope)));
    return forward;
  };
  return {
    graph,
    fed,
    logits: logitsOf(plain).name,
    score: logitsOf(exact).name,
    methods: methods.map((method) => {
      const forward = forwardOf(method);
      const gradient = emitPreprocessAdjoint(
        graph,
        emitReverse(network, forward, new Map([[network.output, direction]]), {
          graph,
          backwardSlope: (own) => slopesOf(method, own).backward,
        }),
        preprocess,
      );
      return {
        ...emitUpdate(graph, image, gradient, stepSize),
        gradient: gradient.name,
        scores: forward === plain,
      };
    }),
  };
}

/** x + stepSize * g / ||g||_2 with one norm an image; g = 0 moves nothing, and a tiny g is no overflow. */
function emitUpdate(
  graph: GraphBuilder,
  image: Ref,
  gradient: Ref,
  stepSize: Ref,
): Pick<Fetches, "moved" | "clipped" | "norm"> {
  const axes = [1, 2, 3];
  // by the largest value first: squares of 1e-23 vanish in float32
  const largest = graph.reduce("Max", graph.unary("Abs", gradient), axes, true);
  const scaled = graph.binary("DivNoNan", gradient, largest);
  const length = graph.unary(
    "Sqrt",
    graph.reduce("Sum", graph.unary("Square", scaled), axes, true),
  );
  const factor = graph.binary("DivNoNan", stepSize, length);
  const moved = graph.binary(
    "AddV2",
    image,
    graph.binary("Mul", scaled, factor),
  );
  return {
    moved: moved.name,
    clipped: graph.clip(moved, -1, 1).name,
    norm: graph.reshape(graph.binary("Mul", largest, length), [
      image.shape[0] ?? 1,
    ]).name,
  };
}
