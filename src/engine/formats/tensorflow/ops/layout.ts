/** Operations that only lay values out anew. */
import { count, spell } from "../../../network/ops/check";
import type { Pair } from "../../../network/ops/index";
import type { Value } from "../../lowering/index";
import type { Call, Lower } from "../call";

/** More dimensions nothing needs. */
const mostRank = 16;

function reshape(call: Call): Value {
  const x = call.value(0);
  const asked = call.numbers(1, "shape");
  const rest = count(asked.filter((d) => d !== -1));
  const open = asked.filter((d) => d === -1).length;
  const total = count(x.dims);
  const dims = asked.map((d) => (d === -1 ? total / rest : d));
  if (
    open > 1 ||
    dims.length > mostRank ||
    !dims.every((d) => Number.isInteger(d) && d >= 0) ||
    count(dims) !== total
  )
    call.damaged(`${spell(x.dims)} cannot be laid out as ${spell(asked)}.`);
  return call.lowering.reshape(call.name, x, dims);
}

function squeeze(call: Call): Value {
  const x = call.value(0);
  const rank = x.dims.length;
  const named = [
    ...call.attributes.ints("squeeze_dims"),
    ...call.attributes.ints("axis"),
  ].map((axis) => call.axis(axis, rank));
  // without names all dimensions of 1 go, but not a batch that only is 1 here
  const batch = call.openBatch && x.kind === "dynamic" ? 0 : -1;
  const gone = new Set(
    named.length > 0
      ? named
      : x.dims.flatMap((d, axis) => (d === 1 && axis !== batch ? [axis] : [])),
  );
  if ([...gone].some((axis) => x.dims[axis] !== 1))
    call.damaged(`${spell(x.dims)} cannot lose its axes ${[...gone].join()}.`);
  return call.lowering.reshape(
    call.name,
    x,
    x.dims.filter((_, axis) => !gone.has(axis)),
  );
}

function expandDims(call: Call): Value {
  const x = call.value(0);
  const axis = call.axis(call.number(1, "axis"), x.dims.length + 1);
  return call.lowering.reshape(call.name, x, x.dims.toSpliced(axis, 0, 1));
}

function transpose(call: Call): Value {
  const x = call.value(0);
  const order = call.numbers(1, "order");
  const sorted = [...order].sort((a, b) => a - b);
  if (order.length !== x.dims.length || sorted.some((axis, i) => axis !== i))
    call.damaged(`its order of axes is ${spell(order)} for ${spell(x.dims)}.`);
  return call.lowering.transpose(call.name, x, order);
}

function concat(call: Call, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (!first) call.damaged("it has no input.");
  // an empty list of numbers may stand between shapes
  const full = values.filter((v) => v.kind === "dynamic" || v.data.length > 0);
  const kept = full.length > 0 ? full : [first];
  const [only] = kept;
  return kept.length === 1 && only
    ? only
    : call.lowering.concat(call.name, kept, call.axis(axis, first.dims.length));
}

/** Values side by side along a new axis. */
function pack(call: Call): Value {
  const values = call.values();
  const rank = values[0]?.dims.length ?? 0;
  const axis = call.axis(call.attributes.int("axis", 0), rank + 1);
  const raised = values.map((x) =>
    call.lowering.reshape(`${call.name}/part`, x, x.dims.toSpliced(axis, 0, 1)),
  );
  return concat(call, raised, axis);
}

function unpack(call: Call): Value[] {
  const x = call.value(0);
  const axis = call.axis(call.attributes.int("axis", 0), x.dims.length);
  const parts = x.dims[axis] ?? 0;
  if (parts < 1 || parts > mostParts) call.refuse(`it has ${parts} outputs.`);
  const sizes = new Array<number>(parts).fill(1);
  return call.lowering
    .split(call.name, x, sizes, axis)
    .map((part) =>
      call.lowering.reshape(
        `${call.name}/part`,
        part,
        x.dims.toSpliced(axis, 1),
      ),
    );
}

/** Outputs one node may have. */
const mostParts = 4096;

function split(call: Call): Value[] {
  const x = call.value(1);
  const axis = call.axis(call.number(0, "axis"), x.dims.length);
  const parts = call.attributes.int("num_split", 1);
  const size = (x.dims[axis] ?? 0) / parts;
  if (!(parts >= 1) || parts > mostParts || !Number.isInteger(size))
    call.damaged(`${spell(x.dims)} does not fall into ${parts} parts.`);
  const sizes = new Array<number>(parts).fill(size);
  return call.lowering.split(call.name, x, sizes, axis);
}

function splitSizes(call: Call): Value[] {
  const x = call.value(0);
  const asked = call.numbers(1, "sizes");
  const axis = call.axis(call.number(2, "axis"), x.dims.length);
  const known = asked.filter((d) => d >= 0).reduce((sum, d) => sum + d, 0);
  const total = x.dims[axis] ?? 0;
  const sizes = asked.map((d) => (d < 0 ? total - known : d));
  const sum = sizes.reduce((all, d) => all + d, 0);
  if (sum !== total || sizes.some((d) => d < 0) || sizes.length > mostParts)
    call.damaged(`${spell(x.dims)} does not fall into ${spell(asked)}.`);
  return call.lowering.split(call.name, x, sizes, axis);
}

/** Copies one after the other along each axis. */
function tile(call: Call): Value {
  const times = call.numbers(1, "repeats");
  const { lowering, name } = call;
  return times.reduce((x, n, axis) => {
    if (n === 1) return x;
    if (!(n >= 1) || n > mostParts || !Number.isInteger(n))
      call.refuse(`it repeats its input ${n} times.`);
    if (x.dims[axis] === 1)
      return lowering.expand(
        name,
        x,
        x.dims.map((d, i) => (i === axis ? n : d)),
      );
    return lowering.concat(name, new Array<Value>(n).fill(x), axis);
  }, call.value(0));
}

function pad(call: Call, mode: "constant" | "reflect", value: number): Value {
  const x = call.value(0);
  return call.lowering.pad(call.name, x, amountsOf(call, x), mode, value);
}

function amountsOf(call: Call, x: Value): Pair[] {
  const numbers = call.numbers(1, "paddings");
  if (
    numbers.length !== 2 * x.dims.length ||
    !numbers.every((n) => Number.isInteger(n) && n >= 0)
  )
    call.damaged(`its paddings are ${spell(numbers)} for ${spell(x.dims)}.`);
  return x.dims.map((_, axis): Pair => [
    numbers[2 * axis] ?? 0,
    numbers[2 * axis + 1] ?? 0,
  ]);
}

function mirrorPad(call: Call): Value {
  const mode = call.attributes.string("mode", "");
  if (mode === "REFLECT") return pad(call, "reflect", 0);
  if (mode !== "SYMMETRIC") call.refuse(`its mode is "${mode}".`);
  // the edge is part of the mirror image
  const x = call.value(0);
  return amountsOf(call, x).reduce((value, [before, after], axis) => {
    if (before === 0 && after === 0) return value;
    const size = value.dims[axis] ?? 0;
    if (before > size || after > size)
      call.damaged(
        `${size} values have no mirror image of ${before}, ${after}.`,
      );
    const indices = Float64Array.from(
      { length: before + size + after },
      (_, i) => {
        const at = i - before;
        return at < 0 ? -1 - at : at >= size ? 2 * size - 1 - at : at;
      },
    );
    const { lowering, name } = call;
    const wanted = lowering.constant([indices.length], indices, "int");
    return lowering.gather(name, value, wanted, axis);
  }, x);
}

/** Pixels of block x block become channels of one. */
function spaceToDepth(call: Call): Value {
  const block = blockOf(call);
  return inNhwc(call, (x, [batch, height, width, channels]) => {
    const { lowering, name } = call;
    const [rows, columns] = [height / block, width / block];
    if (!Number.isInteger(rows) || !Number.isInteger(columns))
      call.damaged(`${spell(x.dims)} does not fall into blocks of ${block}.`);
    const cut = lowering.reshape(name, x, [
      batch,
      rows,
      block,
      columns,
      block,
      channels,
    ]);
    const turned = lowering.transpose(name, cut, [0, 1, 3, 2, 4, 5]);
    const out = channels * block * block;
    return lowering.reshape(name, turned, [batch, rows, columns, out]);
  });
}

/** The other way round. */
function depthToSpace(call: Call): Value {
  const block = blockOf(call);
  return inNhwc(call, (x, [batch, height, width, channels]) => {
    const { lowering, name } = call;
    const out = channels / (block * block);
    if (!Number.isInteger(out))
      call.damaged(`${spell(x.dims)} does not fall into blocks of ${block}.`);
    const cut = lowering.reshape(name, x, [
      batch,
      height,
      width,
      block,
      block,
      out,
    ]);
    const turned = lowering.transpose(name, cut, [0, 1, 3, 2, 4, 5]);
    const dims = [batch, height * block, width * block, out];
    return lowering.reshape(name, turned, dims);
  });
}

function blockOf(call: Call): number {
  const block = call.attributes.int("block_size", 0);
  if (block < 1 || block > 1024) call.damaged(`its block is ${block}.`);
  return block;
}

function inNhwc(
  call: Call,
  run: (x: Value, dims: readonly [number, number, number, number]) => Value,
): Value {
  const x = call.value(0);
  const { lowering, name } = call;
  const nchw = call.order() === "NCHW";
  const last = nchw ? lowering.transpose(name, x, [0, 2, 3, 1]) : x;
  const [batch, height, width, channels] = last.dims;
  if (
    batch === undefined ||
    height === undefined ||
    width === undefined ||
    channels === undefined ||
    last.dims.length !== 4
  )
    call.damaged(`its input has the shape ${spell(x.dims)}.`);
  const y = run(last, [batch, height, width, channels]);
  return nchw ? lowering.transpose(name, y, [0, 3, 1, 2]) : y;
}

export const layout: Readonly<Record<string, Lower>> = {
  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Transpose: transpose,
  ConcatV2: (call) =>
    concat(
      call,
      call.values().slice(0, -1),
      call.number(call.node.inputs.length - 1, "axis"),
    ),
  Concat: (call) =>
    concat(call, call.values().slice(1), call.number(0, "axis")),
  Pack: pack,
  Unpack: unpack,
  Split: split,
  SplitV: splitSizes,
  Tile: tile,
  BroadcastTo: (call) =>
    call.lowering.expand(call.name, call.value(0), call.numbers(1, "shape")),
  Pad: (call) => pad(call, "constant", 0),
  PadV2: (call) => pad(call, "constant", call.number(2, "value")),
  MirrorPad: mirrorPad,
  SpaceToDepth: spaceToDepth,
  DepthToSpace: depthToSpace,
};
