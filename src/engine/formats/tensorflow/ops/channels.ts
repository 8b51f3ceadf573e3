/** Constants along the channels of a value. */
import type { Weight } from "../../../network/op";
import { spell } from "../../../network/ops/check";
import type { MapOrder, Value } from "../../lowering/index";
import { weightOf, type Call } from "../call";

/** The axis of the channels: the second in NCHW, else the last. */
export function channelAxis(x: Value, order: MapOrder): number {
  return order === "NCHW" && x.dims.length > 2 ? 1 : x.dims.length - 1;
}

/** x plus a bias [channel]. */
export function plusBias(
  call: Call,
  x: Value,
  bias: Value,
  order: MapOrder,
): Value {
  const axis = channelAxis(x, order);
  if (bias.dims.length !== 1 || bias.dims[0] !== x.dims[axis])
    call.damaged(
      `its bias ${spell(bias.dims)} does not fit a value ${spell(x.dims)}.`,
    );
  const { lowering, name } = call;
  const after = new Array<number>(x.dims.length - 1 - axis).fill(1);
  const dims = [...bias.dims, ...after];
  const laid =
    after.length > 0 ? lowering.reshape(`${name}/bias`, bias, dims) : bias;
  return lowering.binary(name, "add", x, laid);
}

/** A bias [out] as the weight of a convolution; null where it is something else. */
export function biasWeight(value: Value): Weight | null {
  return value.kind === "constant" && value.dims.length === 1
    ? weightOf(value)
    : null;
}
