/** Batch norm in inference, and what is built from it; local response normalisation. */
import { spell } from "../../../network/ops/check";
import type { Weight } from "../../../network/op";
import type { Value } from "../../lowering/index";
import { uniformOf, type Call, type Lower } from "../call";
import { behind } from "../flatten";
import { channelAxis } from "./channels";

/** Batch norm with scale, offset, mean and variance as the inputs from `first` on. */
export function normalise(call: Call, x: Value, first: number): Value {
  const part = (i: number, what: string): Weight =>
    call.weight(first + i, what);
  return call.lowering.batchNorm(
    call.name,
    x,
    {
      gamma: part(0, "scale"),
      beta: part(1, "offset"),
      mean: part(2, "mean"),
      variance: part(3, "variance"),
    },
    {
      axis: channelAxis(x, call.order()),
      epsilon: call.attributes.float("epsilon", 1e-4),
    },
  );
}

const fusedBatchNorm: Lower = (call: Call) => {
  const x = call.value(0);
  if (!call.attributes.bool("is_training", true)) return normalise(call, x, 1);
  // Keras writes layer norm as batch norm of [1, batch, feature, 1] by channels
  const shaped = behind(call.source(0)).node.op === "Reshape";
  const [one, , , last] = x.dims;
  if (!shaped || call.order() !== "NCHW" || one !== 1 || last !== 1)
    call.refuse(
      "its statistics are those of the batch (is_training).",
      "Export the network for inference.",
    );
  const even = uniformOf(call.value(1)) === 1 && uniformOf(call.value(2)) === 0;
  if (!even) call.refuse("it normalises each image, with a scale for each.");
  return call.lowering.layerNorm(call.name, x, null, null, {
    axis: 2,
    epsilon: call.attributes.float("epsilon", 1e-4),
  });
};

/** TensorFlow's oldest batch norm: inputs x, mean, variance, beta, gamma. */
const globalNormalisation: Lower = (call: Call) => {
  const x = call.value(0);
  const scaled = call.attributes.bool("scale_after_normalization", true);
  return call.lowering.batchNorm(
    call.name,
    x,
    {
      mean: call.weight(1, "mean"),
      variance: call.weight(2, "variance"),
      beta: call.weight(3, "offset"),
      gamma: scaled ? call.weight(4, "scale") : null,
    },
    {
      axis: x.dims.length - 1,
      epsilon: call.attributes.float("variance_epsilon", 0),
    },
  );
};

const localResponse: Lower = (call: Call) => {
  const radius = call.attributes.int("depth_radius", 5);
  const size = 2 * radius + 1;
  const x = call.value(0);
  if (x.dims.length !== 4)
    call.damaged(`its input has the shape ${spell(x.dims)}.`);
  return call.lowering.localResponseNorm(call.name, x, {
    order: "NHWC",
    size,
    // TensorFlow's alpha is for each value, the lowering's for all of them
    alpha: call.attributes.float("alpha", 1) * size,
    beta: call.attributes.float("beta", 0.5),
    bias: call.attributes.float("bias", 1),
  });
};

export const normalisations: Readonly<Record<string, Lower>> = {
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  BatchNormWithGlobalNormalization: globalNormalisation,
  LRN: localResponse,
};
