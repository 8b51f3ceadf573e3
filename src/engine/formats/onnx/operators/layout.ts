/** Operators that move values: shapes, parts, order, copies. */
import { count, spell } from "../../../network/ops/check";
import type { Pair } from "../../../network/ops/window";
import type { Constant, Value } from "../../lowering/index";
import {
  expandedForOne,
  indicesForOne,
  shapeForOne,
  valuesForOne,
} from "../batch";
import type { Call, Operator } from "../call";

export const identity: Operator = (call) => call.value(0);

export const dropout: Operator = (call) => {
  if (call.has(2) && call.number(2, "training_mode") !== 0)
    call.node.refuse(
      "it is in training mode.",
      "Export the network for inference: model.eval().",
    );
  return call.value(0);
};

export const reshape: Operator = (call) => {
  const x = call.value(0);
  const given = call.integers(1, "shape");
  if (!given) return call.node.damaged("it has no shape.");
  const keepsZero = call.node.flag("allowzero");
  const copied = given.map((d, i) =>
    d === 0 && !keepsZero ? (x.dims[i] ?? 0) : d,
  );
  const target = shapeForOne(call, x, copied);
  return call.lowering.reshape(call.name, x, inferred(call, x, target));
};

/** -1 is what is left. */
function inferred(
  call: Call,
  x: Value,
  target: readonly number[],
): readonly number[] {
  const open = target.filter((d) => d === -1).length;
  const known = target.reduce((p, d) => (d === -1 ? p : p * d), 1);
  const whole = count(x.dims);
  if (
    open > 1 ||
    target.some((d) => d < -1) ||
    (open === 1 && (known === 0 || whole % known !== 0)) ||
    (open === 0 && known !== whole)
  )
    return call.node.damaged(
      `${spell(x.dims)} cannot be laid out as ${spell(target)}.`,
    );
  return target.map((d) => (d === -1 ? whole / known : d));
}

export const flatten: Operator = (call) => {
  const x = call.value(0);
  const rank = x.dims.length;
  const axis = call.node.int("axis", 1);
  const at = axis === rank ? rank : call.axis(axis, rank);
  const dims = [count(x.dims.slice(0, at)), count(x.dims.slice(at))];
  return call.lowering.reshape(call.name, x, dims);
};

export const transpose: Operator = (call) => {
  const x = call.value(0);
  const reversed = x.dims.map((_, i) => i).reverse();
  const order = call.node.ints("perm") ?? reversed;
  return call.lowering.transpose(call.name, x, order);
};

export const squeeze: Operator = (call) => {
  const x = call.value(0);
  const given = call.list("axes", 1, 13);
  const ones = x.dims.flatMap((d, i) => (d === 1 ? [i] : []));
  const axes = given ? call.axes(given, x.dims.length) : ones;
  for (const axis of axes)
    if (x.dims[axis] !== 1)
      call.node.damaged(`axis ${axis} of ${spell(x.dims)} is not 1.`);
  const dims = x.dims.filter((_, i) => !axes.includes(i));
  return call.lowering.reshape(call.name, x, dims);
};

export const unsqueeze: Operator = (call) => {
  const x = call.value(0);
  const given =
    call.list("axes", 1, 13) ?? call.node.damaged("it has no axes.");
  const rank = x.dims.length + given.length;
  const axes = call.axes(given, rank);
  const own = x.dims.values();
  const dims = Array.from({ length: rank }, (_, i) =>
    axes.includes(i) ? 1 : (own.next().value ?? 1),
  );
  return call.lowering.reshape(call.name, x, dims);
};

export const concat: Operator = (call) => {
  const [first, ...others] = valuesForOne(call, call.values());
  if (!first) return [];
  const axis = call.axis(call.node.int("axis", 1), first.dims.length);
  // nothing, as growing lists begin
  const some = [first, ...others].filter((x) => x.dims[axis] !== 0);
  if (some.length === 0) return first;
  return call.lowering.concat(call.name, some, axis);
};

export const split: Operator = (call) => {
  const x = call.value(0);
  const axis = call.axis(call.node.int("axis", 0), x.dims.length);
  const whole = x.dims[axis] ?? 1;
  const given = call.list("split", 1, 13);
  const parts = call.node.int("num_outputs", call.node.outputs.length);
  const each = Math.ceil(whole / Math.max(1, parts));
  const even = call.node.outputs.map((_, i) =>
    Math.max(0, Math.min(each, whole - i * each)),
  );
  return call.lowering.split(call.name, x, given ?? even, axis);
};

export const slice: Operator = (call) => {
  const x = call.value(0);
  const rank = x.dims.length;
  const starts =
    call.list("starts", 1, 10) ?? call.node.damaged("it has no starts.");
  const ends = call.list("ends", 2, 10) ?? call.node.damaged("it has no ends.");
  const axes = call.axes(
    call.list("axes", 3, 10) ?? starts.map((_, i) => i),
    rank,
  );
  const steps =
    (call.opset >= 10 ? call.integers(4, "steps") : null) ??
    starts.map(() => 1);
  const [begin, size, strides] = [
    x.dims.map(() => 0),
    [...x.dims],
    x.dims.map(() => 1),
  ];
  for (const [i, axis] of axes.entries()) {
    const [start, end, step] = [starts[i], ends[i], steps[i]];
    if (start === undefined || end === undefined || !step)
      return call.node.damaged("its starts, ends and steps do not fit.");
    const part = range(x.dims[axis] ?? 1, start, end, step);
    begin[axis] = part.begin;
    size[axis] = part.size;
    strides[axis] = part.size === 1 ? 1 : step;
  }
  return call.lowering.slice(call.name, x, begin, size, strides);
};

/** Python's: negative places count from the end, and all are limited to the axis. */
function range(length: number, start: number, end: number, step: number) {
  const place = (p: number, least: number, most: number) =>
    Math.min(most, Math.max(least, p < 0 ? p + length : p));
  const back = step < 0 ? 1 : 0;
  const begin = place(start, 0, length - back);
  const stop = place(end, -back, length - back);
  const size = Math.max(0, Math.ceil((stop - begin) / step));
  return { begin: size === 0 ? 0 : begin, size };
}

export const gather: Operator = (call) => {
  const x = call.value(0);
  const given = call.constant(1, "indices");
  const axis = call.axis(call.node.int("axis", 0), x.dims.length);
  const length = x.dims[axis] ?? 1;
  const indices = indicesForOne(call, x, given, length);
  return call.lowering.gather(
    call.name,
    x,
    fromZero(call, indices, length),
    axis,
  );
};

/** Indices from 0 on; negative ones count from the end. */
export function fromZero(
  call: Call,
  indices: Constant,
  length: number,
): Constant {
  if (indices.type === "float")
    call.node.damaged("its indices are no whole numbers.");
  return call.folding.map(call.name, indices, (i) => {
    const whole = i < 0 ? i + length : i;
    if (whole < 0 || whole >= length)
      call.node.damaged(`its index ${i} is not within ${length} values.`);
    return whole;
  });
}

export const expand: Operator = (call) => {
  const x = call.value(0);
  const given = call.integers(1, "shape");
  if (!given) return call.node.damaged("it has no shape.");
  const rank = Math.max(given.length, x.dims.length);
  const own = (i: number) => x.dims[i - rank + x.dims.length] ?? 1;
  const asked = (i: number) => given[i - rank + given.length] ?? 1;
  const dims = Array.from({ length: rank }, (_, i) =>
    asked(i) === 1 ? own(i) : asked(i),
  );
  if (rank > 1) dims[0] = expandedForOne(call, own(0), dims[0] ?? 1);
  if (x.kind === "constant") call.around.make(call.node, count(dims));
  return call.lowering.expand(call.name, x, dims);
};

/** Copies beside each other, by an axis of copies in front of each. */
export const tile: Operator = (call) => {
  const x = call.value(0);
  const repeats = call.integers(1, "repeats");
  if (repeats?.length !== x.dims.length || repeats.some((r) => r < 1))
    return call.node.damaged(
      `it repeats ${spell(x.dims)} ${spell(repeats ?? [])} times.`,
    );
  const { lowering, name } = call;
  const pairs = x.dims.map((d, i): Pair => [repeats[i] ?? 1, d]);
  const whole = pairs.map(([r, d]) => r * d);
  if (x.kind === "constant") call.around.make(call.node, count(whole));
  const apart = lowering.reshape(
    name,
    x,
    pairs.flatMap(([, d]) => [1, d]),
  );
  const copied = lowering.expand(name, apart, pairs.flat());
  return lowering.reshape(name, copied, whole);
};

export const pad: Operator = (call) => {
  const { node, lowering, name } = call;
  const x = call.value(0);
  const rank = x.dims.length;
  const mode = node.text("mode", "constant");
  if (mode !== "constant" && mode !== "reflect" && mode !== "edge")
    return node.refuse(
      `its mode is "${mode.slice(0, 100)}".`,
      "Supported are constant, reflect and edge.",
    );
  const list = call.list("pads", 1, 11) ?? node.damaged("it has no pads.");
  const value =
    call.opset >= 11 ? (call.number(2, "value") ?? 0) : node.float("value", 0);
  const given = call.opset >= 18 ? call.integers(3, "axes") : null;
  const axes = call.axes(given ?? x.dims.map((_, i) => i), rank);
  if (list.length !== 2 * axes.length)
    node.damaged(`it pads ${axes.length} axes by ${spell(list)}.`);
  const amounts = x.dims.map((): Pair => [0, 0]);
  for (const [i, axis] of axes.entries())
    amounts[axis] = [list[i] ?? 0, list[i + axes.length] ?? 0];
  // negative amounts cut off
  const begin = amounts.map(([before]) => Math.max(0, -before));
  const size = x.dims.map(
    (d, i) => d - (begin[i] ?? 0) - Math.max(0, -(amounts[i]?.[1] ?? 0)),
  );
  const isCut = size.some((d, i) => d !== x.dims[i]);
  const ones = x.dims.map(() => 1);
  const rest = isCut ? lowering.slice(name, x, begin, size, ones) : x;
  const added = amounts.map(([before, after]): Pair => [
    Math.max(0, before),
    Math.max(0, after),
  ]);
  if (added.flat().every((n) => n === 0)) return rest;
  return lowering.pad(name, rest, added, mode, value);
};

export const depthToSpace: Operator = (call) => {
  const { x, block, batch, channels, height, width } = blocks(call);
  const depth = channels / block ** 2;
  if (!Number.isInteger(depth))
    call.node.damaged(
      `${channels} channels are no blocks of ${block} x ${block}.`,
    );
  const { lowering, name } = call;
  const mode = call.node.text("mode", "DCR");
  if (mode !== "DCR" && mode !== "CRD")
    call.node.damaged(`its mode is "${mode.slice(0, 100)}".`);
  const columnsFirst = mode === "CRD";
  const apart = lowering.reshape(
    name,
    x,
    columnsFirst
      ? [batch, depth, block, block, height, width]
      : [batch, block, block, depth, height, width],
  );
  const order = columnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  const laid = lowering.transpose(name, apart, order);
  const dims = [batch, depth, height * block, width * block];
  return lowering.reshape(name, laid, dims);
};

export const spaceToDepth: Operator = (call) => {
  const { x, block, batch, channels, height, width } = blocks(call);
  const [rows, columns] = [height / block, width / block];
  if (!Number.isInteger(rows) || !Number.isInteger(columns))
    call.node.damaged(
      `${height} x ${width} pixels are no blocks of ${block} x ${block}.`,
    );
  const { lowering, name } = call;
  const dims = [batch, channels, rows, block, columns, block];
  const apart = lowering.reshape(name, x, dims);
  const laid = lowering.transpose(name, apart, [0, 3, 5, 1, 2, 4]);
  return lowering.reshape(name, laid, [
    batch,
    channels * block ** 2,
    rows,
    columns,
  ]);
};

function blocks(call: Call) {
  const x = call.value(0);
  const block = call.node.int("blocksize", 0);
  const [batch = 1, channels = 1, height = 1, width = 1] = x.dims;
  if (x.dims.length !== 4 || block < 1)
    call.node.damaged(`it cuts ${spell(x.dims)} into blocks of ${block}.`);
  return { x, block, batch, channels, height, width };
}
