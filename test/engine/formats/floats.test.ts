import { describe, expect, it } from "vitest";
import {
  bfloat16s,
  firstBad,
  float16s,
  float32s,
  float64s,
  integers,
} from "../../../src/engine/formats/floats";

/** The bytes of a typed array behind `before` others, so that views of it need not be aligned. */
function bytesOf(values: ArrayBufferView, before: number): Uint8Array {
  const bytes = new Uint8Array(before + values.byteLength);
  const { buffer, byteOffset, byteLength } = values;
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength), before);
  return bytes.subarray(before);
}

describe.each([0, 1])("numbers behind %i bytes", (before) => {
  it("reads halves: zeros, the least and largest, what is not finite", () => {
    const halves = Uint16Array.of(
      ...[0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0xc000, 0x3555],
      ...[0x7bff, 0x7c00, 0xfc00, 0x7e00],
    );
    expect([...float16s(bytesOf(halves, before))]).toEqual([
      0,
      -0,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      1,
      -2,
      0.333251953125,
      65504,
      Infinity,
      -Infinity,
      NaN,
    ]);
  });

  it("reads bfloat16 as the upper half of float32", () => {
    const shorts = Uint16Array.of(0x3f80, 0xc040, 0x0001, 0x7f80, 0x7fc0);
    expect([...bfloat16s(bytesOf(shorts, before))]).toEqual([
      1,
      -3,
      2 ** -133,
      Infinity,
      NaN,
    ]);
  });

  it("reads floats and doubles", () => {
    const floats = Float32Array.of(0.5, -1e30);
    expect(float32s(bytesOf(floats, before))).toEqual(floats);
    const doubles = Float64Array.of(0.1, -1e300);
    expect(float64s(bytesOf(doubles, before))).toEqual(doubles);
  });

  it("reads whole numbers exactly, and stops at safe ones", () => {
    const longs = BigInt64Array.of(-3n, 2n ** 53n - 1n, 2n ** 63n - 1n);
    const most = Number.MAX_SAFE_INTEGER;
    const read = (
      values: ArrayBufferView,
      type: Parameters<typeof integers>[1],
    ) => [...integers(bytesOf(values, before), type)];
    expect(read(longs, "int64")).toEqual([-3, most, most]);
    expect(read(BigInt64Array.of(-(2n ** 63n)), "int64")).toEqual([-most]);
    expect(read(BigInt64Array.of(-1n), "uint64")).toEqual([most]);
    expect(read(Int32Array.of(-7, 2 ** 31 - 1), "int32")).toEqual([
      -7,
      2 ** 31 - 1,
    ]);
    expect(read(Int32Array.of(-1), "uint32")).toEqual([2 ** 32 - 1]);
    expect(read(Int16Array.of(-2), "int16")).toEqual([-2]);
    expect(read(Int16Array.of(-2), "uint16")).toEqual([65534]);
    expect(read(Int8Array.of(-2, 3), "int8")).toEqual([-2, 3]);
    expect(read(Int8Array.of(-2, 3), "uint8")).toEqual([254, 3]);
    expect(read(Int8Array.of(0, 3), "bool")).toEqual([0, 1]);
  });
});

it("finds the first value that is not finite", () => {
  expect(firstBad(Float32Array.of(1, NaN, Infinity))).toBe(1);
  expect(firstBad(Float32Array.of(1, 2))).toBe(null);
});
