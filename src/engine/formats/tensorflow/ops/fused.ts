/** Convolutions and products that an optimiser fused with what follows them, taken apart again. */
import type { Weight } from "../../../network/op";
import type { Value } from "../../lowering/index";
import type { Call, Lower, Outcome } from "../call";
import {
  elu,
  gelu,
  geluTanh,
  hardSwish,
  leaky,
  relu,
  relu6,
  sigmoid,
  swish,
  tanh,
  type Curve,
} from "./activations";
import { biasWeight, plusBias } from "./channels";
import { convolve, convolveDepthwise } from "./convolutions";
import { normalise } from "./normalisations";
import { multiply } from "./products";

/** What may follow; its own inputs come after those of the operation it was fused with. */
interface Follower {
  readonly takes: number;
  apply(call: Call, x: Value, first: number): Value;
}

const curve = (apply: Curve): Follower => ({ takes: 0, apply });

const followers: Readonly<Record<string, Follower>> = {
  Relu: curve(relu),
  Relu6: curve(relu6),
  Elu: curve(elu),
  Sigmoid: curve(sigmoid),
  Tanh: curve(tanh),
  _FusedHardSwish: curve(hardSwish),
  _FusedSwish: curve(swish),
  GeluExact: curve(gelu),
  GeluApproximate: curve(geluTanh),
  LeakyRelu: curve((call, x) =>
    leaky(call, x, call.attributes.float("leakyrelu_alpha", 0.2)),
  ),
  Prelu: {
    takes: 1,
    apply: (call, x, first) =>
      call.lowering.prelu(call.name, x, call.constant(first, "slopes")),
  },
  BiasAdd: {
    takes: 1,
    apply: (call, x, first) =>
      plusBias(call, x, call.value(first), call.order()),
  },
  Add: {
    takes: 1,
    apply: (call, x, first) =>
      call.lowering.binary(call.name, "add", x, call.value(first)),
  },
  FusedBatchNorm: {
    takes: 4,
    apply: (call, x, first) => normalise(call, x, first),
  },
};

/** `start` makes the operation itself of its first two inputs, with a bias where one follows at once. */
function unfused(start: (call: Call, bias: Weight | null) => Outcome): Lower {
  return (call: Call) => {
    const names = call.attributes.strings("fused_ops");
    const unknown = names.filter((name) => !Object.hasOwn(followers, name));
    if (unknown.length > 0)
      call.refuse(
        `it is fused with ${unknown.join(", ")}.`,
        "Export the network without fused operations.",
      );
    const [, , third] = call.node.inputs;
    const bias =
      names[0] === "BiasAdd" && third ? biasWeight(call.valueOf(third)) : null;
    const outcome = start(call, bias);
    let x = outcome.kind === "spread" ? outcome.value : call.plain(outcome);
    let first = bias ? 3 : 2;
    for (const name of bias ? names.slice(1) : names) {
      const follower = followers[name];
      if (!follower) continue;
      x = follower.apply(call, x, first);
      first += follower.takes;
    }
    if (first < call.node.inputs.length)
      call.refuse(
        `it has ${call.node.inputs.length} inputs, and ${first} are known for ${names.join(", ")}.`,
        "Export the network without fused operations.",
      );
    return outcome.kind === "spread" ? { ...outcome, value: x } : x;
  };
}

/** Batch norm, then an optional side input, then an optional ReLU. */
const normThenRelu: Lower = (call: Call) => {
  if (call.attributes.bool("is_training", true))
    call.refuse(
      "its statistics are those of the batch (is_training).",
      "Export the network for inference.",
    );
  let x = normalise(call, call.value(0), 1);
  if (call.attributes.int("num_side_inputs", 0) > 0)
    x = call.lowering.binary(call.name, "add", x, call.value(5));
  const activation = call.attributes.string("activation_mode", "Identity");
  if (activation === "Relu") return relu(call, x);
  if (activation === "Identity") return x;
  call.refuse(`it is fused with ${activation}.`, "Supported: Relu.");
};

export const fused: Readonly<Record<string, Lower>> = {
  _FusedConv2D: unfused(convolve),
  FusedDepthwiseConv2dNative: unfused(convolveDepthwise),
  _FusedDepthwiseConv2dNative: unfused(convolveDepthwise),
  _FusedMatMul: unfused((call, bias) =>
    multiply(call, "transpose", bias && constantOf(call, bias)),
  ),
  _FusedBatchNormEx: normThenRelu,
};

function constantOf({ lowering }: Call, { shape, data }: Weight) {
  return lowering.constant(shape, data);
}
