import { describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "../../../src/main/host/npy";

function header(text: string, data = 0, version = 1): Uint8Array {
  const bytes = new Uint8Array(12 + text.length + data);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  const start = version === 1 ? 10 : 12;
  bytes.set(new TextEncoder().encode(text), start);
  return bytes.subarray(0, start + text.length + data);
}

describe("npy", () => {
  it("writes what numpy.save writes", () => {
    const bytes = writeNpy([2, 3], new Float32Array([0, 1, 2, 3, 4, 5]));
    const text = new TextDecoder("latin1").decode(bytes.subarray(0, 128));
    expect(text.slice(0, 10)).toBe("\x93NUMPY\x01\x00\x76\x00");
    expect(text.slice(10)).toBe(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(
        117,
      ) + "\n",
    );
    expect(bytes.length).toBe(128 + 24);
    expect(new DataView(bytes.buffer).getFloat32(128 + 5 * 4, true)).toBe(5);
  });

  it.each([[[]], [[0]], [[7]], [[2, 3, 4]]])(
    "gives back shape %j and values",
    (shape) => {
      const count = shape.reduce((a: number, b: number) => a * b, 1);
      const values = Float32Array.from({ length: count }, (_, i) => i / 3 - 1);
      const read = readNpy(writeNpy(shape, values), "a.npy");
      expect(read.shape).toEqual(shape);
      expect(read.values).toEqual(values);
    },
  );

  it("reads version 2, other key orders and data at odd offsets", () => {
    const bytes = header(
      "{'shape': (1,), 'fortran_order': False, 'descr': '<f4'}\n",
      4,
      2,
    );
    new DataView(bytes.buffer, bytes.byteOffset).setFloat32(
      bytes.length - 4,
      0.5,
      true,
    );
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    for (const input of [shifted.subarray(1), Buffer.from(shifted.buffer, 1)])
      expect(readNpy(input, "a.npy")).toEqual({
        shape: [1],
        values: new Float32Array([0.5]),
      });
  });

  it.each([
    ["nothing", new Uint8Array(), "not a .npy file"],
    ["a picture", new TextEncoder().encode("\x89PNG and so on"), "not a .npy"],
    ["version 3", header("{}", 0, 3), "version 3"],
    ["a header cut off", header("{'descr': '<f4'").subarray(0, 14), "header"],
    ["version 2 cut off", header("", 0, 2).subarray(0, 11), "header"],
    [
      "a dict without shape",
      header("{'descr': '<f4', 'fortran_order': False}"),
      "header",
    ],
    [
      "float64",
      header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", 8),
      "<f8",
    ],
    [
      "big-endian",
      header("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", 4),
      ">f4",
    ],
    [
      "Fortran order",
      header("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", 4),
      "Fortran",
    ],
    [
      "objects",
      header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 4),
      "|O",
    ],
    [
      "short data",
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 8),
      "3 float32",
    ],
    [
      "long data",
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 8),
      "1 float32",
    ],
    [
      "an overflowing shape",
      header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
        0,
      ),
      "float32",
    ],
    [
      "too many axes",
      header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
        4,
      ),
      "cannot be read",
    ],
    [
      "a negative axis",
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4),
      "header",
    ],
  ])("refuses %s", (_, bytes, said) => {
    expect(() => readNpy(bytes, "a.npy")).toThrow(said);
    expect(() => readNpy(bytes, "a.npy")).toThrow(
      expect.objectContaining({ code: "damaged-file" }),
    );
  });

  it("refuses to write values that do not fit the shape", () => {
    expect(() => writeNpy([2], new Float32Array(3))).toThrow(RangeError);
  });
});
