/** Constants along the channels of a value. */
import type { Weight } from "../../../network/op";
import { spell } from "../../../network/ops/check";
import type { MapOrder, Value } from "../../lowering/index";
import { weightOf, type Call } from "../call";

/** The axis of the channels: the second in NCHW, else the last. */
export function channelAxis(x: Value, order: MapOrder): number {
  return order === "NCHW" && x.dims.length > 2 ? 1 : x.dims.length - 1;
}

/** A bias without the dimensions of 1 that some optimisers put before it. */
function bare(bias: Value): number[] {
  const first = bias.dims.findIndex((d) => d !== 1);
  return bias.dims.slice(first < 0 ? -1 : first);
}

/** x plus a bias [channel]. */
export function plusBias(
  call: Call,
  x: Value,
  bias: Value,
  order: MapOrder,
): Value {
  const axis = channelAxis(x, order);
  const [channels, ...more] = bare(bias);
  if (more.length > 0 || channels === undefined || channels !== x.dims[axis])
    call.damaged(
      `its bias ${spell(bias.dims)} does not fit a value ${spell(x.dims)}.`,
    );
  const { lowering, name } = call;
  const after = new Array<number>(x.dims.length - 1 - axis).fill(1);
  const dims = [channels, ...after];
  const laid =
    dims.length === bias.dims.length
      ? bias
      : lowering.reshape(`${name}/bias`, bias, dims);
  return lowering.binary(name, "add", x, laid);
}

/** A bias [out] as the weight of a convolution; null where it is something else. */
export function biasWeight(value: Value): Weight | null {
  const dims = bare(value);
  return value.kind === "constant" && dims.length === 1
    ? { ...weightOf(value), shape: dims }
    : null;
}
