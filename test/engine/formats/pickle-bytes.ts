/** Pickles opcode by opcode, so that tests can write what no Python writes. */
import { join, utf8 } from "./zip-bytes";

export type Part = Uint8Array | string;

/** Opcodes by their names in Python's pickletools. */
export const op = {
  stop: ".",
  mark: "(",
  pop: "0",
  popMark: "1",
  dup: "2",
  none: "N",
  reduce: "R",
  build: "b",
  newobj: bytes(0x81),
  newobjEx: bytes(0x92),
  tuple: "t",
  emptyTuple: ")",
  tuple1: bytes(0x85),
  tuple2: bytes(0x86),
  tuple3: bytes(0x87),
  emptyList: "]",
  append: "a",
  appends: "e",
  emptyDict: "}",
  setitem: "s",
  setitems: "u",
  memoize: bytes(0x94),
  stackGlobal: bytes(0x93),
  persid: "Q",
  true: bytes(0x88),
  false: bytes(0x89),
} as const;

export function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** A pickle of these parts, in protocol 2 with its end, as PyTorch writes it. */
export function pickleOf(...parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  return join([bytes(0x80, 2), ...parts.map(part), bytes(0x2e)]);
}

function part(one: Part): Uint8Array {
  return typeof one === "string" ? utf8(one) : one;
}

export function text(value: string): Uint8Array {
  const encoded = utf8(value);
  return join([utf8("X"), int32(encoded.length), encoded]);
}

/** A whole number from 0 on. */
export function int(value: number): Uint8Array {
  return join([utf8("J"), int32(value)]);
}

export function float(value: number): Uint8Array {
  const encoded = new DataView(new ArrayBuffer(9));
  encoded.setUint8(0, 0x47);
  encoded.setFloat64(1, value);
  return new Uint8Array(encoded.buffer);
}

export function global(module: string, name: string): Uint8Array {
  return utf8(`c${module}\n${name}\n`);
}

/** All of these as one value after the other. */
export function sequence(...parts: readonly Part[]): Uint8Array {
  return join(parts.map(part));
}

export function tuple(...parts: readonly Part[]): Uint8Array {
  return sequence(op.mark, ...parts, op.tuple);
}

/** Keys and values in turns. */
export function dict(...parts: readonly Part[]): Uint8Array {
  return sequence(op.emptyDict, op.mark, ...parts, op.setitems);
}

export function call(
  module: string,
  name: string,
  ...args: readonly Part[]
): Uint8Array {
  return sequence(global(module, name), tuple(...args), op.reduce);
}

/** A storage of so many numbers that lies outside. */
export function storage(
  type: string,
  key: string,
  numbers: number,
  module = "torch",
): Uint8Array {
  const id = tuple(
    text("storage"),
    global(module, type),
    text(key),
    text("cpu"),
    int(numbers),
  );
  return sequence(id, op.persid);
}

export interface TensorParts {
  readonly offset?: number;
  readonly size: readonly number[];
  readonly strides: readonly number[];
}

/** torch._utils._rebuild_tensor_v2 of a storage. */
export function tensor(
  from: Uint8Array,
  { offset = 0, size, strides }: TensorParts,
): Uint8Array {
  return call(
    "torch._utils",
    "_rebuild_tensor_v2",
    from,
    int(offset),
    tuple(...size.map(int)),
    tuple(...strides.map(int)),
    op.false,
    call("collections", "OrderedDict"),
  );
}

function int32(value: number): Uint8Array {
  return bytes(...[0, 8, 16, 24].map((shift) => (value >>> shift) & 255));
}
