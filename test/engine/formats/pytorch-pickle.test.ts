/** The unpickler: what PyTorch's pickles hold, and that hostile ones do no harm. */
import { describe, expect, it } from "vitest";
import {
  PickleCut,
  unpickle,
  type PickleLimits,
} from "../../../src/engine/formats/pytorch/pickle";
import { Fault } from "../../../src/shared/fault";
import {
  bytes,
  call,
  dict,
  float,
  global,
  int,
  op,
  pickleOf,
  sequence,
  storage,
  tensor,
  text,
  tuple,
  type Part,
} from "./pickle-bytes";
import { join, utf8 } from "./zip-bytes";

function valueOf(...parts: readonly Part[]) {
  return unpickle(pickleOf(...parts)).value;
}

function faultOf(pickle: Uint8Array, limits: Partial<PickleLimits> = {}) {
  try {
    unpickle(pickle, 0, limits);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("no fault");
}

const list = (...items: unknown[]) => ({ kind: "list", items });
const opaque = (name: string, state: unknown = null) => ({
  kind: "opaque",
  name,
  state,
});

describe("values", () => {
  it.each<[string, Uint8Array | string, unknown]>([
    ["None", op.none, null],
    ["truth", op.true, true],
    ["falsehood", op.false, false],
    ["a byte", bytes(0x4b, 200), 200],
    ["two bytes", bytes(0x4d, 0x34, 0x12), 0x1234],
    ["four bytes with a sign", bytes(0x4a, 0xfe, 0xff, 0xff, 0xff), -2],
    ["a long number", bytes(0x8a, 3, 1, 2, 0x80), -0x7ffdff],
    ["no long number at all", bytes(0x8a, 0), 0],
    [
      "a number that is not exact",
      bytes(0x8a, 8, 1, 0, 0, 0, 0, 0, 0, 0x40),
      0x4000000000000001n,
    ],
    ["a float", float(-0.1), -0.1],
    ["text", text("größe"), "größe"],
    ["short text", bytes(0x8c, 2, 0x68, 0x69), "hi"],
    ["text of Python 2", bytes(0x55, 2, 0x68, 0x69), "hi"],
    ["bytes", bytes(0x43, 2, 1, 2), bytes(1, 2)],
    ["no tuple", op.emptyTuple, list()],
    ["a tuple", tuple(int(1), text("a")), list(1, "a")],
    ["a tuple of one", sequence(int(1), op.tuple1), list(1)],
    ["a tuple of two", sequence(int(1), int(2), op.tuple2), list(1, 2)],
    [
      "a tuple of three",
      sequence(int(1), int(2), int(3), op.tuple3),
      list(1, 2, 3),
    ],
    [
      "a list",
      sequence(op.emptyList, op.mark, int(1), op.none, op.appends),
      list(1, null),
    ],
    ["a list of one", sequence(op.emptyList, int(7), op.append), list(7)],
    [
      "a dict",
      dict(text("a"), int(1), int(2), op.none),
      { kind: "dict", keys: ["a", 2], values: [1, null] },
    ],
    [
      "an OrderedDict with attributes",
      sequence(
        call("collections", "OrderedDict"),
        text("a"),
        int(1),
        op.setitem,
        dict(text("_metadata"), op.emptyDict),
        op.build,
      ),
      { kind: "dict", keys: ["a"], values: [1] },
    ],
    [
      "an OrderedDict of Python 2",
      call("collections", "OrderedDict", tuple(tuple(text("a"), int(1)))),
      { kind: "dict", keys: ["a"], values: [1] },
    ],
    ["torch.Size", call("torch", "Size", tuple(int(2), int(3))), list(2, 3)],
    [
      "a value put away and taken again",
      sequence(
        op.emptyList,
        bytes(0x71, 5),
        op.pop,
        bytes(0x68, 5),
        int(1),
        op.append,
      ),
      list(1),
    ],
  ])("%s", (_, pickle, value) => {
    expect(valueOf(pickle)).toEqual(value);
  });

  it("of protocol 4, with frames and names from the stack", () => {
    const pickle = join([
      bytes(0x80, 4, 0x95, 9, 0, 0, 0, 0, 0, 0, 0),
      bytes(0x8c, 11),
      utf8("collections"),
      op.memoize,
      bytes(0x8c, 11),
      utf8("OrderedDict"),
      op.memoize,
      op.stackGlobal,
      utf8(")R."),
    ]);
    expect(unpickle(pickle)).toMatchObject({
      value: { kind: "dict", keys: [] },
      end: pickle.length,
    });
  });

  it("one pickle after the other", () => {
    const both = join([pickleOf(int(1)), pickleOf(text("second"))]);
    const first = unpickle(both);
    expect(first.value).toBe(1);
    expect(unpickle(both, first.end).value).toBe("second");
  });
});

describe("tensors", () => {
  const weight = tensor(storage("FloatStorage", "3", 12), {
    offset: 2,
    size: [2, 3],
    strides: [3, 1],
  });

  it("are views of storages that lie elsewhere", () => {
    const { value, storages } = unpickle(pickleOf(weight));
    const expected = {
      kind: "storage",
      key: "3",
      type: "float32",
      numbers: 12,
      start: 0,
    };
    expect(value).toEqual({
      kind: "tensor",
      type: "float32",
      storage: expected,
      view: { shape: [2, 3], strides: [3, 1], offset: 2 },
    });
    expect([...storages.values()]).toEqual([expected]);
  });

  it("may be parameters", () => {
    const parameter = call(
      "torch._utils",
      "_rebuild_parameter",
      weight,
      op.true,
    );
    expect(valueOf(parameter)).toMatchObject({ kind: "tensor" });
  });

  it("may be parameters of before PyTorch 0.4", () => {
    const old = sequence(
      call("torch.nn.parameter", "Parameter", weight),
      tuple(op.true, op.false, call("collections", "OrderedDict")),
      op.build,
    );
    expect(valueOf(old)).toMatchObject({ kind: "tensor" });
  });

  it("may name their type themselves", () => {
    const typed = call(
      "torch._utils",
      "_rebuild_tensor_v3",
      storage("UntypedStorage", "0", 8, "torch.storage"),
      int(0),
      tuple(int(4)),
      tuple(int(1)),
      op.false,
      op.emptyDict,
      global("torch", "bfloat16"),
    );
    expect(valueOf(typed)).toMatchObject({
      type: "bfloat16",
      storage: { type: null, numbers: 8 },
    });
  });

  it("may be parts of a storage's part, as before PyTorch 1.0", () => {
    const id = tuple(
      text("storage"),
      global("torch", "FloatStorage"),
      text("k"),
      text("cpu"),
      int(12),
      tuple(text("part"), int(4), int(8)),
    );
    const from = sequence(id, op.persid);
    const value = valueOf(tensor(from, { offset: 1, size: [2], strides: [1] }));
    expect(value).toMatchObject({ view: { offset: 5 } });
  });

  it.each<[string, Uint8Array]>([
    [
      "a negative size",
      tensor(storage("FloatStorage", "0", 4), { size: [-1], strides: [1] }),
    ],
    [
      "a negative stride",
      tensor(storage("FloatStorage", "0", 4), { size: [2], strides: [-1] }),
    ],
    [
      "a negative offset",
      tensor(storage("FloatStorage", "0", 4), {
        offset: -1,
        size: [2],
        strides: [1],
      }),
    ],
    [
      "fewer strides than sizes",
      tensor(storage("FloatStorage", "0", 4), { size: [2, 2], strides: [1] }),
    ],
    [
      "nine dimensions",
      tensor(storage("FloatStorage", "0", 4), {
        size: new Array<number>(9).fill(1),
        strides: new Array<number>(9).fill(1),
      }),
    ],
    ["no storage", tensor(sequence(op.none), { size: [2], strides: [1] })],
    [
      "a storage of -1 numbers",
      tensor(storage("FloatStorage", "0", -1), { size: [2], strides: [1] }),
    ],
    ["a reference that is none", sequence(text("storage"), op.persid)],
    ["a reference to nothing", sequence(tuple(text("storage")), op.persid)],
    [
      "a storage of two types",
      tuple(storage("FloatStorage", "0", 4), storage("HalfStorage", "0", 4)),
    ],
    [
      "a storage of two lengths",
      tuple(storage("FloatStorage", "0", 4), storage("FloatStorage", "0", 5)),
    ],
  ])("with %s are refused", (_, pickle) => {
    expect(faultOf(pickleOf(pickle)).code).toBe("damaged-file");
  });

  it("of kinds that are not understood stay names", () => {
    const complex = tensor(storage("ComplexFloatStorage", "0", 4), {
      size: [2],
      strides: [1],
    });
    expect(valueOf(complex)).toEqual(opaque("torch.ComplexFloatStorage"));
    const quantized = call("torch._utils", "_rebuild_qtensor", int(1));
    expect(valueOf(quantized)).toEqual(opaque("torch._utils._rebuild_qtensor"));
  });
});

describe("foreign objects", () => {
  it("are names and nothing else", () => {
    const space = sequence(
      global("argparse", "Namespace"),
      op.emptyTuple,
      op.newobj,
      dict(text("lr"), float(0.1)),
      op.build,
    );
    const state = { kind: "dict", keys: ["lr"], values: [0.1] };
    expect(valueOf(space)).toEqual(opaque("argparse.Namespace", state));
    const scalar = call("numpy.core.multiarray", "scalar", int(1));
    expect(valueOf(scalar)).toEqual(opaque("numpy.core.multiarray.scalar"));
    const made = sequence(
      global("a", "B"),
      op.emptyTuple,
      op.emptyDict,
      op.newobjEx,
    );
    expect(valueOf(made)).toEqual(opaque("a.B"));
  });

  it("may be added to, and forget it", () => {
    const grown = sequence(
      call("mine", "Dict"),
      text("a"),
      int(1),
      op.setitem,
      int(2),
      op.append,
    );
    expect(valueOf(grown)).toEqual(opaque("mine.Dict"));
  });

  it("that call what they are given call nothing", () => {
    const twice = sequence(
      call("functools", "partial", global("mine", "run")),
      op.emptyTuple,
      op.reduce,
    );
    expect(valueOf(twice)).toEqual(opaque("functools.partial"));
    expect(valueOf(int(3), op.emptyTuple, op.reduce)).toEqual(
      opaque("something without a name"),
    );
  });

  it.each([
    ["os", "system"],
    ["posix", "system"],
    ["nt", "system"],
    ["subprocess", "Popen"],
    ["builtins", "eval"],
    ["builtins", "exec"],
    ["__builtin__", "__import__"],
    ["importlib", "import_module"],
    ["os.path", "join"],
    ["runpy", "_run_code"],
    ["socket", "create_connection"],
  ])("that only harm, %s.%s, are refused by name", (module, name) => {
    const pickles = [
      pickleOf(call(module, name, text("echo pwned"))),
      pickleOf(text(module), text(name), op.stackGlobal),
    ];
    for (const pickle of pickles) {
      const fault = faultOf(pickle);
      expect(fault.code).toBe("damaged-file");
      expect(fault.message).toContain(`${module}.${name}`);
      expect(fault.remedy).toContain("Do not open it in Python");
    }
  });
});

describe("a pickle is refused", () => {
  it.each<[string, Uint8Array, string]>([
    ["with a reference to nothing", pickleOf(bytes(0x68, 7)), "value 7"],
    [
      "with a long reference to nothing",
      pickleOf(bytes(0x6a, 1, 2, 3, 4)),
      "not there",
    ],
    ["that takes from an empty stack", pickleOf(op.pop), "without a value"],
    ["that doubles nothing", pickleOf(op.dup), "without a value"],
    ["that puts nothing away", pickleOf(bytes(0x71, 0)), "without a value"],
    ["without its mark", pickleOf(op.tuple), "without its mark"],
    [
      "that takes from below its mark",
      pickleOf(int(1), op.mark, op.pop),
      "without a value",
    ],
    [
      "with an odd dict",
      pickleOf(op.emptyDict, op.mark, int(1), op.setitems),
      "without a value",
    ],
    [
      "that sets keys in a number",
      pickleOf(int(1), int(2), int(3), op.setitem),
      "no dict",
    ],
    ["that appends to text", pickleOf(text("a"), int(3), op.append), "no list"],
    [
      "that calls without arguments",
      pickleOf(global("a", "b"), int(1), op.reduce),
      "without arguments",
    ],
    [
      "with a name that is a number",
      pickleOf(int(1), text("a"), op.stackGlobal),
      "no text",
    ],
    ["of a protocol to come", bytes(0x80, 6, 0x4e, 0x2e), "protocol 6"],
    ["with buffers out of band", pickleOf(bytes(0x97)), "0x97"],
    ["with read-only buffers", pickleOf(op.none, bytes(0x98)), "0x98"],
    [
      "with an instance of long ago",
      pickleOf(op.mark, "ios\nsystem\n"),
      "0x69",
    ],
    ["with an extension", pickleOf(bytes(0x82, 1)), "0x82"],
    ["with an unknown opcode", pickleOf(bytes(0xff)), "0xff"],
    [
      "with a number of 256 bytes",
      pickleOf(bytes(0x8b, 0, 1, 0, 0)),
      "256 bytes",
    ],
    ["that ends empty", bytes(0x80, 2, 0x2e), "without a value"],
  ])("%s", (_, pickle, words) => {
    const fault = faultOf(pickle);
    expect(fault.code).toBe("damaged-file");
    expect(fault.message).toContain(words);
  });

  it.each<[string, Uint8Array]>([
    ["at once", bytes()],
    ["before its end", pickleOf(int(1)).slice(0, -1)],
    ["within text", pickleOf(text("hello")).slice(0, 9)],
    ["in text of 4 GB", bytes(0x80, 2, 0x58, 0xff, 0xff, 0xff, 0xff, 0x61)],
    ["in text of 2^63 bytes", bytes(0x80, 4, 0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80)],
    [
      "in bytes of 2^64 - 1",
      bytes(0x80, 4, 0x8e, 255, 255, 255, 255, 255, 255, 255, 255),
    ],
    ["within a name", utf8("cos\nsyst")],
    ["within a length", bytes(0x80, 2, 0x58, 1, 0)],
  ])("that is cut off %s", (_, pickle) => {
    expect(faultOf(pickle)).toBeInstanceOf(PickleCut);
  });

  it("that has no end but opcodes", () => {
    const long = new Uint8Array(3000).fill(0x4e);
    expect(faultOf(long, { opcodes: 2000 }).message).toContain("2000 opcodes");
    expect(faultOf(new Uint8Array(2_000_001).fill(0x5d)).message).toContain(
      "2000000 opcodes",
    );
  });

  it("that has a name without end", () => {
    const name = utf8(`c${"a".repeat(3000)}\nb\n.`);
    expect(faultOf(name).message).toContain("1000 bytes");
    const stacked = pickleOf(
      text("a".repeat(900)),
      text("b".repeat(900)),
      op.stackGlobal,
    );
    expect(faultOf(stacked).message).toContain("1000 bytes");
  });
});

describe("what is deep or wide", () => {
  it("is read without a recursion", () => {
    const depth = 200_000;
    const pickle = join([
      new Uint8Array(depth).fill(0x5d),
      new Uint8Array(depth - 1).fill(0x61),
      bytes(0x2e),
    ]);
    let value: unknown = unpickle(pickle).value;
    let found = 0;
    while (isList(value)) {
      found++;
      value = value.items[0];
    }
    expect(found).toBe(depth);
  });

  it("and marks in marks too", () => {
    const marks = new Uint8Array(200_000).fill(0x28);
    expect(faultOf(join([marks, bytes(0x2e)])).message).toContain("without");
  });

  it("and a list of a list of the same lists stays small", () => {
    // 2^60 leaves, were it unfolded
    const level = sequence(op.dup, op.tuple2);
    const laughs = sequence(
      text("ha"),
      ...new Array<Uint8Array>(60).fill(level),
    );
    let value: unknown = valueOf(laughs);
    for (let i = 0; i < 60; i++) value = isList(value) ? value.items[1] : null;
    expect(value).toBe("ha");
  });

  it("and a list may hold itself", () => {
    const value = valueOf(op.emptyList, op.dup, op.append);
    expect(isList(value) && value.items[0] === value).toBe(true);
  });

  it("and a memo may be sparse", () => {
    const far = sequence(int(7), bytes(0x72, 255, 255, 255, 255), op.pop);
    expect(valueOf(far, bytes(0x6a, 255, 255, 255, 255))).toBe(7);
  });
});

function isList(value: unknown): value is { items: unknown[] } {
  return typeof value === "object" && value !== null && "items" in value;
}
