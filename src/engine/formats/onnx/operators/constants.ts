/** Operators on what is known when the network is opened: shapes, indices, masks, weights. */
import { count, spell } from "../../../network/ops/check";
import type { Constant, Value } from "../../lowering/index";
import { fromZero } from "./layout";
import type { Call, Operator } from "../call";
import { inlineTensor, kindOf } from "../tensors";

export const constant: Operator = (call) => {
  const { node, lowering } = call;
  const one = (value: number, type: "float" | "int") =>
    type === "float"
      ? lowering.constant([], Float32Array.of(value))
      : lowering.constant([], Float64Array.of(value), "int");
  if (node.has("value_float"))
    return one(node.float("value_float", 0), "float");
  if (node.has("value_int")) return one(node.int("value_int", 0), "int");
  const floats = node.has("value_floats") ? node.floats("value_floats") : null;
  if (floats)
    return lowering.constant([floats.length], Float32Array.from(floats));
  const ints = node.has("value_ints") ? node.ints("value_ints") : null;
  if (ints) return call.ints([ints.length], ints);
  return node.refuse(
    "it holds no tensor of numbers.",
    "Supported are constants of numbers.",
  );
};

export const constantOfShape: Operator = (call) => {
  const dims = call.integers(0, "shape") ?? [];
  const tensor = call.node.tensor("value");
  const value = tensor && inlineTensor(tensor);
  const [fill = 0] = value?.data ?? [0];
  if (value && value.data.length !== 1)
    call.node.damaged(`its value is ${value.data.length} numbers.`);
  const type = value?.type ?? "float";
  if (dims.some((d) => d < 0))
    call.node.damaged(`its shape is ${spell(dims)}.`);
  call.around.make(call.node, count(dims));
  const data =
    type === "float"
      ? new Float32Array(count(dims))
      : new Float64Array(count(dims));
  if (fill !== 0) data.fill(fill);
  return call.lowering.constant(dims, data, type);
};

export const shape: Operator = (call) => {
  const { dims } = call.value(0);
  const start = call.node.int("start", 0);
  const end = call.node.int("end", dims.length);
  const part = dims.slice(start, end);
  return call.ints([part.length], part);
};

export const size: Operator = (call) =>
  call.ints([], [count(call.value(0).dims)]);

export const range: Operator = (call) => {
  const [start, limit, delta] = call.constants();
  if (!start || !limit || !delta)
    return call.node.damaged("it has no start, limit and delta.");
  const [from = 0, to = 0, step = 0] = [start, limit, delta].map(
    (c) => c.data[0],
  );
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!Number.isSafeInteger(length))
    return call.node.damaged(`it goes from ${from} to ${to} by ${step}.`);
  call.around.make(call.node, length);
  const isFloat = start.type === "float";
  const data = isFloat ? new Float32Array(length) : new Float64Array(length);
  for (let i = 0; i < length; i++) data[i] = from + i * step;
  return call.lowering.constant([length], data, isFloat ? "float" : "int");
};

export function comparison(holds: (a: number, b: number) => boolean): Operator {
  return (call) => {
    const [a, b] = call.constants();
    if (!a || !b) return call.node.damaged("it compares two values.");
    const truth = (x: number, y: number) => (holds(x, y) ? 1 : 0);
    return call.folding.zip(call.name, a, b, truth, "bool");
  };
}

export const not: Operator = (call) => {
  const [x] = call.constants();
  if (!x) return [];
  return call.folding.map(call.name, x, (v) => (v === 0 ? 1 : 0), "bool");
};

/** A function of one constant, of its own type. */
export function mapped(f: (x: number) => number): Operator {
  return (call) => {
    const [x] = call.constants();
    return x ? call.folding.map(call.name, x, f) : [];
  };
}

/** Halves go to the even number. */
export function roundEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** The sign is the divisor's, or with `fmod` the dividend's. */
export const modulo: Operator = (call) => {
  const [a, b] = call.constants();
  if (!a || !b) return call.node.damaged("it takes two values.");
  const asInC = call.node.flag("fmod");
  const whole = a.type !== "float";
  return call.folding.zip(
    call.name,
    a,
    b,
    (x, y) => {
      if (y === 0 && whole) call.node.damaged("it divides by 0.");
      return asInC ? x % y : x - y * Math.floor(x / y);
    },
    a.type,
  );
};

/** Between floats nothing changes; constants become whole numbers or truths. */
export const cast: Operator = (call) => {
  const type = call.node.int("to", 1);
  const kind = kindOf(type);
  if (!kind)
    return call.node.refuse(
      `it makes numbers of type ${type} of ONNX.`,
      "Supported are float, double, float16, bfloat16, whole numbers and bool.",
    );
  return converted(call, call.value(0), kind);
};

export const castLike: Operator = (call) => {
  const like = call.value(1);
  const kind = like.kind === "constant" ? like.type : "float";
  return converted(call, call.value(0), kind);
};

function converted(call: Call, x: Value, kind: Constant["type"]): Value {
  if (x.kind === "dynamic") {
    if (kind === "float") return x;
    return call.node.refuse(
      "it makes whole numbers of values that depend on the image.",
      "This has no gradient.",
    );
  }
  if (x.type === kind) return x;
  const f =
    kind === "bool"
      ? (v: number) => (v === 0 ? 0 : 1)
      : kind === "int"
        ? Math.trunc
        : (v: number) => v;
  return call.folding.map(call.name, x, f, kind);
}

/** (x - zero point) * scale, along an axis or for all; 8-bit weights. */
export const dequantizeLinear: Operator = (call) => {
  const { node, name, folding } = call;
  const x = call.constant(0, "input");
  const scale = call.constant(1, "scale");
  if (node.int("block_size", 0) !== 0)
    node.refuse(
      "its weights are quantised in blocks.",
      "Export the network with float weights.",
    );
  const along = (c: Constant): Constant => {
    if (c.dims.length === 0 || count(c.dims) === 1)
      return folding.reshape(c, []);
    const axis = call.axis(node.int("axis", 1), x.dims.length);
    if (c.dims.length !== 1 || c.dims[0] !== x.dims[axis])
      node.damaged(
        `a scale ${spell(c.dims)} does not fit ${spell(x.dims)} along axis ${axis}.`,
      );
    const dims = x.dims.map((d, i) => (i === axis ? d : 1));
    return folding.reshape(c, dims);
  };
  const shifted = call.has(2)
    ? folding.zip(
        name,
        x,
        along(call.constant(2, "zero point")),
        (v, zero) => v - zero,
        "float",
      )
    : x;
  return folding.zip(name, shifted, along(scale), (v, s) => v * s, "float");
};

/** The places in `dims` that lists of indices along the first axes name, and how many values follow each. */
function placesOf(
  call: Call,
  dims: readonly number[],
  indices: Constant,
): { places: Float64Array; inner: number } {
  const depth = indices.dims.at(-1) ?? 0;
  if (depth < 1 || depth > dims.length)
    call.node.damaged(
      `its indices ${spell(indices.dims)} do not fit ${spell(dims)}.`,
    );
  const inner = count(dims.slice(depth));
  const places = new Float64Array(count(indices.dims) / depth);
  for (let i = 0; i < places.length; i++) {
    let place = 0;
    for (let axis = 0; axis < depth; axis++) {
      const size = dims[axis] ?? 1;
      const index = indices.data[i * depth + axis] ?? 0;
      const whole = index < 0 ? index + size : index;
      if (!Number.isInteger(whole) || whole < 0 || whole >= size)
        call.node.damaged(`its index ${index} is not within ${size} values.`);
      place = place * size + whole;
    }
    places[i] = place * inner;
  }
  return { places, inner };
}

export const gatherNd: Operator = (call) => {
  const [x, indices] = call.constants();
  if (!x || !indices) return call.node.damaged("it has no indices.");
  if (call.node.int("batch_dims", 0) !== 0)
    call.node.refuse("it gathers batch by batch.");
  const { places, inner } = placesOf(call, x.dims, indices);
  const depth = indices.dims.at(-1) ?? 0;
  const dims = [...indices.dims.slice(0, -1), ...x.dims.slice(depth)];
  call.around.make(call.node, places.length * inner);
  const data = like(x, places.length * inner);
  for (const [i, place] of places.entries())
    data.set(x.data.subarray(place, place + inner), i * inner);
  return call.lowering.constant(dims, data, x.type);
};

export const scatterNd: Operator = (call) => {
  const [x, indices, updates] = call.constants();
  if (!x || !indices || !updates)
    return call.node.damaged("it has no indices or no updates.");
  if (call.node.text("reduction", "none") !== "none")
    call.node.refuse("it adds up what it scatters.");
  const { places, inner } = placesOf(call, x.dims, indices);
  if (updates.data.length !== places.length * inner)
    call.node.damaged(
      `its updates ${spell(updates.dims)} do not fit its indices ${spell(indices.dims)}.`,
    );
  const data = x.data.slice();
  for (const [i, place] of places.entries())
    data.set(updates.data.subarray(i * inner, (i + 1) * inner), place);
  return call.lowering.constant(x.dims, data, x.type);
};

/** Along an axis one index for every value of the result. */
export const gatherElements: Operator = (call) => {
  const [x, given] = call.constants();
  if (!x || !given) return call.node.damaged("it has no indices.");
  const axis = call.axis(call.node.int("axis", 0), x.dims.length);
  const indices = fromZero(call, given, x.dims[axis] ?? 1);
  const { dims } = indices;
  const fits =
    dims.length === x.dims.length &&
    dims.every((d, i) => i === axis || d <= (x.dims[i] ?? 0));
  if (!fits)
    call.node.damaged(
      `its indices ${spell(dims)} do not fit ${spell(x.dims)}.`,
    );
  const data = like(x, indices.data.length);
  const position = dims.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    let place = 0;
    for (let d = 0; d < dims.length; d++) {
      const at = d === axis ? (indices.data[i] ?? 0) : (position[d] ?? 0);
      place = place * (x.dims[d] ?? 1) + at;
    }
    data[i] = x.data[place] ?? 0;
    for (let d = dims.length - 1; d >= 0; d--) {
      position[d] = (position[d] ?? 0) + 1;
      if ((position[d] ?? 0) < (dims[d] ?? 1)) break;
      position[d] = 0;
    }
  }
  return call.lowering.constant(dims, data, x.type);
};

function like({ data }: Constant, length: number): Constant["data"] {
  return data instanceof Float32Array
    ? new Float32Array(length)
    : new Float64Array(length);
}
