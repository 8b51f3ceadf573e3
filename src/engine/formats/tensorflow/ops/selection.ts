/** Parts of a value: slices, rows by index, axes turned around. */
import { spell } from "../../../network/ops/check";
import type { Value } from "../../lowering/index";
import type { Call, Lower } from "../call";

/** `size` values from `begin` on along every axis; -1: all that are left. */
function slice(call: Call): Value {
  const x = call.value(0);
  const begin = call.numbers(1, "begin");
  const size = call
    .numbers(2, "size")
    .map((n, i) => (n === -1 ? (x.dims[i] ?? 0) - (begin[i] ?? 0) : n));
  const fits =
    begin.length === x.dims.length &&
    size.length === x.dims.length &&
    x.dims.every((d, i) => {
      const [from = NaN, n = NaN] = [begin[i], size[i]];
      return from >= 0 && n >= 0 && from + n <= d;
    });
  if (!fits)
    call.damaged(
      `${spell(x.dims)} has no part of ${spell(size)} from ${spell(begin)} on.`,
    );
  const strides = size.map(() => 1);
  return call.lowering.slice(call.name, x, begin, size, strides);
}

/** What a StridedSlice does along one axis of its input, or that it makes a new one. */
interface Cut {
  readonly begin: number;
  readonly size: number;
  readonly stride: number;
  readonly shrink: boolean;
}

/** Python's x[a:b:c, 2, ..., None]: bits of the masks say which entry stands for what. */
function stridedSlice(call: Call): Value {
  const x = call.value(0);
  const [begin, end, strides] = [
    call.numbers(1, "begin"),
    call.numbers(2, "end"),
    call.numbers(3, "strides"),
  ];
  const bit = (mask: string, i: number) =>
    (call.attributes.int(mask, 0) & (1 << i)) !== 0;
  const entries = begin.length;
  if (end.length !== entries || strides.length !== entries || entries > 31)
    call.damaged(`its begin, end and strides do not fit.`);
  const all = begin.map((_, i) => i);
  const isEllipsis = (i: number) => bit("ellipsis_mask", i);
  const isNew = (i: number) => bit("new_axis_mask", i) && !isEllipsis(i);
  const named = all.filter((i) => !isEllipsis(i) && !isNew(i)).length;
  const rest = x.dims.length - named;
  if (rest < 0 || all.filter(isEllipsis).length > 1)
    call.damaged(`it has ${entries} entries for ${spell(x.dims)}.`);

  const cuts: Cut[] = [];
  const dims: ("new" | number)[] = [];
  const whole = () => {
    dims.push(cuts.length);
    const size = x.dims[cuts.length] ?? 0;
    cuts.push({ begin: 0, size, stride: 1, shrink: false });
  };
  for (const i of all) {
    if (isEllipsis(i)) for (let n = 0; n < rest; n++) whole();
    else if (isNew(i)) dims.push("new");
    else {
      const axis = cuts.length;
      const cut = cutOf(
        call,
        x.dims[axis] ?? 0,
        bit("begin_mask", i) ? null : (begin[i] ?? 0),
        bit("end_mask", i) ? null : (end[i] ?? 0),
        strides[i] ?? 1,
        bit("shrink_axis_mask", i),
      );
      if (!cut.shrink) dims.push(axis);
      cuts.push(cut);
    }
  }
  while (cuts.length < x.dims.length) whole();

  const { lowering, name } = call;
  const part = lowering.slice(
    name,
    x,
    cuts.map((c) => c.begin),
    cuts.map((c) => c.size),
    cuts.map((c) => c.stride),
  );
  const shape = dims.map((d) => (d === "new" ? 1 : (cuts[d]?.size ?? 1)));
  return shape.join() === part.dims.join()
    ? part
    : lowering.reshape(name, part, shape);
}

function cutOf(
  call: Call,
  length: number,
  begin: number | null,
  end: number | null,
  stride: number,
  shrink: boolean,
): Cut {
  if (!Number.isSafeInteger(stride) || stride === 0)
    call.damaged(`it goes in steps of ${stride}.`);
  const fromEnd = (n: number) => (n < 0 ? n + length : n);
  if (shrink) {
    const at = fromEnd(begin ?? 0);
    if (!(at >= 0 && at < length))
      call.damaged(`it reads value ${begin} of ${length}.`);
    return { begin: at, size: 1, stride: 1, shrink };
  }
  const forwards = stride > 0;
  const clamp = (n: number) =>
    forwards
      ? Math.max(0, Math.min(length, fromEnd(n)))
      : Math.max(-1, Math.min(length - 1, fromEnd(n)));
  const from = begin === null ? (forwards ? 0 : length - 1) : clamp(begin);
  const to = end === null ? (forwards ? length : -1) : clamp(end);
  const size = Math.max(0, Math.ceil((to - from) / stride));
  return { begin: size > 0 ? from : 0, size, stride, shrink };
}

/** Rows of a value by index. */
function gather(call: Call, axis: number): Value {
  const x = call.value(0);
  if (call.attributes.int("batch_dims", 0) !== 0)
    call.refuse("it gathers row by row (batch_dims).");
  const indices = call.constant(1, "index");
  const along = call.axis(axis, x.dims.length);
  const length = x.dims[along] ?? 0;
  if (indices.data.some((i) => !(i >= 0 && i < length)))
    call.damaged(`it reads a value outside its ${length}.`);
  return call.lowering.gather(call.name, x, indices, along);
}

function reverse(call: Call, axes: readonly number[]): Value {
  const x = call.value(0);
  const turned = new Set(axes.map((axis) => call.axis(axis, x.dims.length)));
  return call.lowering.slice(
    call.name,
    x,
    x.dims.map((d, i) => (turned.has(i) ? d - 1 : 0)),
    x.dims,
    x.dims.map((_, i) => (turned.has(i) ? -1 : 1)),
  );
}

export const selection: Readonly<Record<string, Lower>> = {
  Slice: slice,
  StridedSlice: stridedSlice,
  Gather: (call) => gather(call, 0),
  ResourceGather: (call) => gather(call, 0),
  GatherV2: (call) => gather(call, call.number(2, "axis")),
  Reverse: (call) =>
    reverse(
      call,
      call
        .numbers(1, "axes")
        .flatMap((turned, axis) => (turned === 0 ? [] : [axis])),
    ),
  ReverseV2: (call) => reverse(call, call.numbers(1, "axes")),
};
