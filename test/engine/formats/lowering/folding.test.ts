/** Constants folded when a network is opened: the values NumPy gives, the types a file means, and never more than it brings. */
import { beforeAll, describe, expect, it } from "vitest";
import {
  createLowering,
  type Constant,
  type Lowering,
  type Value,
} from "../../../../src/engine/formats/lowering/index";
import { readStrided } from "../../../../src/engine/formats/lowering/strided";
import { errorFunction } from "../../../../src/engine/network/simplify/error-function";
import { Fault } from "../../../../src/shared/fault";

let l: Lowering;
beforeAll(() => {
  l = createLowering([4, 4, 3]);
});

function ints(...values: number[]): Constant {
  return l.constant([values.length], Float64Array.from(values), "int");
}
function floats(dims: readonly number[], ...values: number[]): Constant {
  return l.constant(dims, Float32Array.from(values));
}
function folded(value: Value): Constant {
  if (value.kind !== "constant") throw new TypeError("not folded");
  return value;
}
function valuesOf(value: Value): number[] {
  return [...folded(value).data];
}
function faultOf(run: () => unknown): Fault {
  try {
    run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("no fault");
}

describe("whole numbers", () => {
  it("stay exact beyond float32, and are divided towards zero", () => {
    const big = ints(2 ** 40 + 1, -7, 7);
    expect(valuesOf(l.binary("n", "add", big, ints(1)))).toEqual([
      2 ** 40 + 2,
      -6,
      8,
    ]);
    const halves = folded(l.binary("n", "divide", big, ints(2)));
    expect([...halves.data]).toEqual([2 ** 39, -3, 3]);
    expect(halves.type).toBe("int");
    expect(halves.data).toBeInstanceOf(Float64Array);
  });

  it("become floats beside floats, and round to float32", () => {
    const sum = folded(l.binary("n", "multiply", ints(3), floats([1], 0.1)));
    expect(sum.type).toBe("float");
    expect([...sum.data]).toEqual([Math.fround(3 * Math.fround(0.1))]);
  });

  it("are not divided by 0", () => {
    const fault = faultOf(() => l.binary("by", "divide", ints(1), ints(0)));
    expect(fault.code).toBe("damaged-file");
    expect(fault.message).toContain('"by"');
  });

  it("have whole means, rounded towards zero", () => {
    const x = folded(l.reduce("n", "mean", ints(-1, -2, -4), [0], false));
    expect([...x.data, x.dims.length]).toEqual([-2, 0]);
  });
});

describe("folding", () => {
  const matrix = () => floats([2, 3], 1, 2, 3, 4, 5, 6);

  it("broadcasts as NumPy does", () => {
    const column = floats([2, 1], 10, 20);
    const y = folded(l.binary("n", "subtract", matrix(), column));
    expect(y.dims).toEqual([2, 3]);
    expect([...y.data]).toEqual([-9, -8, -7, -16, -15, -14]);
    const row = folded(l.binary("n", "power", floats([1], 2), matrix()));
    expect([...row.data]).toEqual([2, 4, 8, 16, 32, 64]);
  });

  it.each<[string, () => Value, readonly number[], readonly number[]]>([
    [
      "transposes",
      () => l.transpose("n", matrix(), [1, 0]),
      [3, 2],
      [1, 4, 2, 5, 3, 6],
    ],
    [
      "lays out anew",
      () => l.reshape("n", matrix(), [3, 1, 2]),
      [3, 1, 2],
      [1, 2, 3, 4, 5, 6],
    ],
    [
      "slices backwards",
      () => l.slice("n", matrix(), [1, 2], [2, 2], [-1, -2]),
      [2, 2],
      [6, 4, 3, 1],
    ],
    [
      "slices to nothing",
      () => l.slice("n", matrix(), [0, 0], [2, 0], [1, 1]),
      [2, 0],
      [],
    ],
    [
      "concatenates",
      () => l.concat("n", [matrix(), floats([2, 1], 8, 9)], -1),
      [2, 4],
      [1, 2, 3, 8, 4, 5, 6, 9],
    ],
    [
      "concatenates with nothing",
      () => l.concat("n", [floats([0]), floats([2], 8, 9)], 0),
      [2],
      [8, 9],
    ],
    [
      "splits",
      () => l.split("n", matrix(), [1, 2], 1)[1] ?? matrix(),
      [2, 2],
      [2, 3, 5, 6],
    ],
    [
      "gathers",
      () => l.gather("n", matrix(), ints(-1, 0), 1),
      [2, 2],
      [3, 1, 6, 4],
    ],
    [
      "gathers a scalar",
      () =>
        l.gather("n", matrix(), l.constant([], Float64Array.of(1), "int"), 0),
      [3],
      [4, 5, 6],
    ],
    [
      "pads",
      () =>
        l.pad(
          "n",
          matrix(),
          [
            [0, 1],
            [1, 0],
          ],
          "constant",
          7,
        ),
      [3, 4],
      [7, 1, 2, 3, 7, 4, 5, 6, 7, 7, 7, 7],
    ],
    [
      "reflects",
      () =>
        l.pad(
          "n",
          matrix(),
          [
            [1, 0],
            [2, 1],
          ],
          "reflect",
          0,
        ),
      [3, 6],
      [6, 5, 4, 5, 6, 5, 3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5],
    ],
    [
      "cuts off by negative padding",
      () =>
        l.pad(
          "n",
          matrix(),
          [
            [-1, 0],
            [0, -2],
          ],
          "constant",
          0,
        ),
      [1, 1],
      [4],
    ],
    [
      "expands",
      () => l.expand("n", floats([2, 1], 1, 2), [3, 1, 2]),
      [3, 2, 2],
      [1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2],
    ],
    [
      "takes largest values",
      () => l.reduce("n", "max", matrix(), [0], true),
      [1, 3],
      [4, 5, 6],
    ],
    [
      "sums over all",
      () => l.reduce("n", "sum", matrix(), [0, 1], false),
      [],
      [21],
    ],
    ["clips", () => l.clip("n", matrix(), 2, 5), [2, 3], [2, 2, 3, 4, 5, 5]],
    [
      "multiplies matrices",
      () => l.matmul("n", matrix(), matrix(), { transposeB: true }),
      [2, 2],
      [14, 32, 32, 77],
    ],
    [
      "multiplies a vector and a matrix, with a bias",
      () =>
        l.matmul("n", floats([2], 1, -1), matrix(), {
          bias: floats([3], 1, 2, 3),
        }),
      [3],
      [-2, -1, 0],
    ],
    [
      "maps",
      () => l.mapConstant("n", matrix(), (x) => (x > 3 ? 1 : 0), "bool"),
      [2, 3],
      [0, 0, 0, 1, 1, 1],
    ],
    [
      "zips",
      () => l.zipConstants("n", matrix(), ints(2), (a, b) => a % b, "int"),
      [2, 3],
      [1, 0, 1, 0, 1, 0],
    ],
  ])("%s", (_, fold, dims, values) => {
    const y = folded(fold());
    expect(y.dims).toEqual(dims);
    expect([...y.data]).toEqual(values);
  });

  it("computes the elementary functions", () => {
    const x = floats([3], 0.25, 1, 2.5);
    const table = {
      negate: (v: number) => -v,
      abs: Math.abs,
      sqrt: Math.sqrt,
      rsqrt: (v: number) => 1 / Math.sqrt(v),
      square: (v: number) => v * v,
      reciprocal: (v: number) => 1 / v,
      exp: Math.exp,
      log: Math.log,
      sin: Math.sin,
      cos: Math.cos,
    } as const;
    for (const [kind, f] of Object.entries(table))
      expect(
        // the table's keys are the names of these functions
        valuesOf(l.unary("n", kind as keyof typeof table, x)),
      ).toEqual([...x.data].map((v) => Math.fround(f(v))));
  });

  it("reads a late constant only where it is needed, and shares what is laid out anew", () => {
    let reads = 0;
    const data = Float32Array.of(1, 2, 3, 4);
    const late: Constant = {
      kind: "constant",
      dims: [2, 2],
      type: "float",
      get data() {
        reads++;
        return data;
      },
    };
    const flat = folded(l.reshape("n", late, [4]));
    expect(reads).toBe(0);
    expect(flat.data).toBe(data);
    expect(folded(l.transpose("n", flat, [0])).data).toBe(data);
  });
});

describe("the error function", () => {
  it.each([
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [-2, -0.9953222650189527],
    [2.49, 0.9995707121322661],
    [2.51, 0.9996142945182758],
    [3, 0.9999779095030014],
    [5, 0.9999999999984626],
    [40, 1],
  ])("of %d is %d", (x, y) => {
    expect(errorFunction(x)).toBeCloseTo(y, 13);
  });
});

describe("reading in another order", () => {
  it("copies across tiles, with repeats and backwards", () => {
    const [rows, columns] = [70, 45];
    const from = Float32Array.from({ length: rows * columns }, (_, i) => i);
    const turned = readStrided(
      new Float32Array(rows * columns),
      from,
      0,
      [columns, rows],
      [1, columns],
    );
    expect(
      turned.every((v, i) => v === (i % rows) * columns + Math.floor(i / rows)),
    ).toBe(true);
    const back = readStrided(
      new Float32Array(2 * rows * 3),
      from,
      (rows - 1) * columns + 2,
      [2, rows, 3],
      [0, -columns, -1],
    );
    expect(
      back.every((v, i) => {
        const row = rows - 1 - (Math.floor(i / 3) % rows);
        return v === row * columns + 2 - (i % 3);
      }),
    ).toBe(true);
  });
});

describe("what a file may not do", () => {
  const fresh = () => createLowering([4, 4, 3]);

  it("grow constants far beyond what it brings", () => {
    const own = fresh();
    const one = own.constant([1], Float32Array.of(1));
    const fault = faultOf(() => own.expand("grow", one, [2 ** 13, 2 ** 13]));
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toContain('"grow"');
    expect(
      faultOf(() => own.expand("grow", one, [2 ** 30, 2 ** 20])).code,
    ).toBe("unsupported-network");
  });

  it("grow them step by step", () => {
    const own = fresh();
    let x: Value = own.constant([16], new Float32Array(16));
    const fault = faultOf(() => {
      for (let i = 0; i < 64; i++) x = own.concat(`step ${i}`, [x, x], 0);
    });
    expect(fault.code).toBe("unsupported-network");
    expect(x.dims[0]).toBeLessThan(2 ** 26);
  });

  it("rearrange them for ever", () => {
    const own = fresh();
    let x: Value = own.constant([256, 256], new Float32Array(2 ** 16));
    const fault = faultOf(() => {
      for (let i = 0; i < 1e6; i++) x = own.transpose(`turn ${i}`, x, [1, 0]);
    });
    expect(fault.code).toBe("unsupported-network");
  });

  it.each<[string, (own: Lowering) => unknown, string]>([
    [
      "a constant of another size",
      (o) => o.constant([3], new Float32Array(2)),
      "[3]",
    ],
    ["an odd dimension", (o) => o.constant([-1], new Float32Array(1)), "-1"],
    [
      "a shape of another size",
      (o) => o.reshape("x", o.input("NCHW"), [1, 47]),
      "[1, 47]",
    ],
    [
      "a dimension of half a value",
      (o) => o.reshape("x", o.input("NCHW"), [0.5, 96]),
      "0.5",
    ],
    [
      "an axis that is not there",
      (o) => o.softmax("x", o.input("NCHW"), 4),
      "no axis 4",
    ],
    [
      "an order with an axis twice",
      (o) => o.transpose("x", o.input("NCHW"), [0, 1, 1, 2]),
      "[0, 1, 1, 2]",
    ],
    [
      "a slice beyond the end",
      (o) =>
        o.slice("x", o.input("NHWC"), [0, 3, 0, 0], [1, 2, 4, 3], [1, 1, 1, 1]),
      "2 values from 3",
    ],
    [
      "parts of another sum",
      (o) => o.split("x", o.input("NHWC"), [1, 1], 3),
      "[1, 1]",
    ],
    [
      "shapes that do not broadcast",
      (o) =>
        o.binary(
          "x",
          "add",
          o.input("NCHW"),
          o.constant([5], new Float32Array(5)),
        ),
      "do not fit",
    ],
    [
      "a kernel for other channels",
      (o) =>
        o.conv2d(
          "x",
          o.input("NCHW"),
          { shape: [1, 1, 4, 2], data: new Float32Array(8) },
          null,
          {
            order: "NCHW",
            strides: [1, 1],
            dilations: [1, 1],
            padding: "valid",
            groups: 1,
          },
        ),
      "3 channels",
    ],
    [
      "matrices that do not fit",
      (o) =>
        o.matmul("x", o.input("NHWC"), o.constant([4, 2], new Float32Array(8))),
      "[4, 2]",
    ],
    [
      "a weight that is no number",
      (o) =>
        o.binary(
          "x",
          "add",
          o.input("NHWC"),
          o.constant([3], Float32Array.of(1, NaN, 2)),
        ),
      "no finite number",
    ],
    [
      "a division by a constant 0",
      (o) =>
        o.binary(
          "x",
          "divide",
          o.input("NHWC"),
          o.constant([3], Float32Array.of(1, 0, 2)),
        ),
      "no finite number",
    ],
    [
      "an index beyond the axis",
      (o) =>
        o.gather(
          "x",
          o.input("NHWC"),
          o.constant([1], Float64Array.of(3), "int"),
          3,
        ),
      "axis of 3",
    ],
    [
      "reflections wider than the axis",
      (o) =>
        o.pad(
          "x",
          o.input("NHWC"),
          [
            [0, 0],
            [4, 0],
            [0, 0],
            [0, 0],
          ],
          "reflect",
          0,
        ),
      "reflects",
    ],
  ])("%s", (_, run, words) => {
    const fault = faultOf(() => run(fresh()));
    expect(fault.code).toBe("damaged-file");
    expect(fault.message).toContain(words);
    expect(fault.remedy).not.toBe("");
  });

  it.each<[string, (own: Lowering) => unknown, string]>([
    [
      "a convolution of tokens",
      (o) =>
        o.conv2d(
          "x",
          o.reshape("tokens", o.input("NHWC"), [1, 16, 3]),
          { shape: [1, 1, 1, 2], data: new Float32Array(2) },
          null,
          {
            order: "NHWC",
            strides: [1, 1],
            dilations: [1, 1],
            padding: "valid",
            groups: 1,
          },
        ),
      "[1, 16, 3]",
    ],
    [
      "an image of a million pixels a side",
      (o) =>
        o.resize("x", o.input("NHWC"), {
          order: "NHWC",
          size: [1e6, 4],
          method: "linear",
          coordinates: "half-pixel",
          rounding: "floor",
        }),
      "1000000",
    ],
    [
      "values without end",
      (o) => o.expand("x", o.input("NHWC"), [1e8, 1, 4, 4, 3]),
      "100000000",
    ],
    [
      "an output that is no image's",
      (o) => o.finish(o.constant([1, 5], new Float32Array(5))),
      "does not depend on its input",
    ],
    [
      "twenty dimensions",
      (o) =>
        o.reshape("x", o.input("NHWC"), [...new Array<number>(19).fill(1), 48]),
      "20 dimensions",
    ],
  ])("%s", (_, run, words) => {
    const fault = faultOf(() => run(fresh()));
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toContain(words);
  });
});
