/** What the operations that only move values do, index by index. */
import type {
  ConcatAttributes,
  GatherAttributes,
  PadAttributes,
  ReshapeAttributes,
  SliceAttributes,
  TransposeAttributes,
} from "../../../src/engine/network/ops/index";
import {
  at,
  build,
  first,
  reference,
  size,
  sum,
  weight,
  type Reference,
} from "./values";

export const layouts: Readonly<Record<string, Reference>> = {
  constant: (_inputs, node) => {
    const { shape, data } = weight(node, "value");
    return { shape: [1, ...shape], data: Float64Array.from(data) };
  },
  concat: reference<ConcatAttributes>((inputs, node) => {
    const { shape } = first(inputs);
    const axis = node.attributes.axis ?? -1;
    // the batch is an axis more
    const along = axis < 0 ? shape.length + axis : axis + 1;
    const lengths = inputs.map((x) => x.shape[along] ?? 0);
    const batch = Math.max(...inputs.map((x) => x.shape[0] ?? 1));
    const whole = shape.with(0, batch).with(along, sum(lengths));
    return build(whole, (index) => {
      let rest = index[along] ?? 0;
      let part = 0;
      while (rest >= (lengths[part] ?? Infinity)) rest -= lengths[part++] ?? 0;
      const x = inputs[part] ?? first(inputs);
      const place = index.with(along, rest);
      // a constant has a batch of one
      return at(x, x.shape[0] === 1 ? place.with(0, 0) : place);
    });
  }),
  reshape: reference<ReshapeAttributes>((inputs, node) => {
    const x = first(inputs);
    return { shape: [x.shape[0] ?? 1, ...node.attributes.shape], data: x.data };
  }),
  flatten: (inputs) => {
    const x = first(inputs);
    return { shape: [x.shape[0] ?? 1, size(x.shape.slice(1))], data: x.data };
  },
  transpose: reference<TransposeAttributes>((inputs, node) => {
    const x = first(inputs);
    const { order } = node.attributes;
    const [batch = 1, ...shape] = x.shape;
    const moved = order.map((axis) => shape[axis] ?? 0);
    return build([batch, ...moved], ([b = 0, ...index]) => {
      const from = new Array<number>(order.length);
      order.forEach((axis, i) => (from[axis] = index[i] ?? 0));
      return at(x, [b, ...from]);
    });
  }),
  gather: reference<GatherAttributes>((inputs, node) => {
    const x = first(inputs);
    const { axis, indices } = node.attributes;
    const along = axis < 0 ? x.shape.length + axis : axis + 1;
    return build(x.shape.with(along, indices.length), (index) =>
      at(x, index.with(along, indices[index[along] ?? 0] ?? NaN)),
    );
  }),
  pad: reference<PadAttributes>((inputs, node) => {
    const x = first(inputs);
    const { amounts, mode, value } = node.attributes;
    const pads = [[0, 0], ...amounts];
    const shape = x.shape.map((d, i) => d + sum([...(pads[i] ?? [])]));
    return build(shape, (index) => {
      const places = index.map((k, i) => {
        const length = x.shape[i] ?? 1;
        let place = k - (pads[i]?.[0] ?? 0);
        if (mode === "edge") place = Math.max(0, Math.min(length - 1, place));
        // a ball between two walls
        if (mode === "reflect" && place < 0) place = -place;
        if (mode === "reflect" && place >= length)
          place = length - 1 - (place - (length - 1));
        return place;
      });
      const outside = places.some((p, i) => p < 0 || p >= (x.shape[i] ?? 1));
      return outside ? value : at(x, places);
    });
  }),
  slice: reference<SliceAttributes>((inputs, node) => {
    const x = first(inputs);
    const { begin, size: lengths, strides } = node.attributes;
    return build([x.shape[0] ?? 1, ...lengths], ([b = 0, ...index]) => {
      const from = index.map((k, i) => (begin[i] ?? 0) + k * (strides[i] ?? 1));
      return at(x, [b, ...from]);
    });
  }),
};
