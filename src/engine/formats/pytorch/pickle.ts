/**
 * A small unpickler: Python's pickle protocols 2 to 5 as PyTorch uses them.
 *
 * A pickle is a program for a stack machine. This machine knows the opcodes that build data. The two that would
 * call something (REDUCE, NEWOBJ) hand names and arguments to `objects.ts`, which knows a short list of functions
 * and makes an inert value of everything else. Nothing in a file is ever run.
 */
import { Fault } from "../../../shared/fault";
import { built, create, persistent, reduce } from "./objects";
import {
  isKind,
  type Dict,
  type List,
  type Storage,
  type Value,
} from "./values";

export interface PickleLimits {
  readonly opcodes: number;
  /** Bytes of a name of a class or function. */
  readonly name: number;
}

/** A state dict takes about 40 opcodes a tensor; a checkpoint with an optimizer three times as many. */
export const pickleLimits: PickleLimits = { opcodes: 2_000_000, name: 1000 };

export interface Unpickled {
  readonly value: Value;
  /** Every storage the pickle speaks of, by key. */
  readonly storages: ReadonlyMap<string, Storage>;
  /** Where the pickle ends in the bytes. */
  readonly end: number;
}

/** Reads the pickle that begins at `start`. Throws a Fault `damaged-file`, or {@link PickleCut} where bytes are missing. */
export function unpickle(
  bytes: Uint8Array,
  start = 0,
  limits: Partial<PickleLimits> = {},
): Unpickled {
  const machine = new Machine(bytes, start, { ...pickleLimits, ...limits });
  const value = machine.run();
  return { value, storages: machine.storages, end: machine.at };
}

/** The bytes end before the pickle does. */
export class PickleCut extends Fault {
  constructor() {
    super(
      "damaged-file",
      "A pickle in the file ends too soon.",
      "The copy is incomplete: copy or save the weights again.",
    );
  }
}

class Machine {
  at: number;
  readonly storages = new Map<string, Storage>();
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: PickleLimits;
  #stack: Value[] = [];
  /** The stacks below each MARK. */
  readonly #marked: Value[][] = [];
  readonly #memo = new Map<number, Value>();

  constructor(bytes: Uint8Array, start: number, limits: PickleLimits) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
    this.at = start;
  }

  run(): Value {
    for (let done = 0; done < this.#limits.opcodes; done++) {
      const start = this.at;
      const code = this.unsigned(1);
      if (code === stop) return this.pop();
      const opcode = opcodes.get(code);
      if (!opcode)
        throw damagedPickle(
          `the opcode 0x${code.toString(16).padStart(2, "0")} at byte ${start}, which is not supported`,
        );
      opcode(this);
    }
    throw damagedPickle(`more than ${this.#limits.opcodes} opcodes`);
  }

  push(value: Value): void {
    this.#stack.push(value);
  }

  pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined) throw damagedPickle("an opcode without a value");
    return value;
  }

  /** The value on top, which stays there. */
  top(): Value {
    const value = this.#stack[this.#stack.length - 1];
    if (value === undefined) throw damagedPickle("an opcode without a value");
    return value;
  }

  mark(): void {
    this.#marked.push(this.#stack);
    this.#stack = [];
  }

  /** Everything since the last MARK, which is gone then. */
  popMark(): Value[] {
    const items = this.#stack;
    const below = this.#marked.pop();
    if (!below) throw damagedPickle("an opcode without its mark");
    this.#stack = below;
    return items;
  }

  put(index: number): void {
    this.#memo.set(index, this.top());
  }

  memoize(): void {
    this.put(this.#memo.size);
  }

  get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined)
      throw damagedPickle(`a reference to value ${index}, which is not there`);
    this.push(value);
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.at) throw new PickleCut();
    const start = this.at;
    this.at += length;
    return this.#bytes.subarray(start, this.at);
  }

  /** Little-endian, of 1, 2, 4 or 8 bytes. */
  unsigned(size: 1 | 2 | 4 | 8): number {
    const start = this.at;
    this.take(size);
    if (size === 1) return this.#view.getUint8(start);
    if (size === 2) return this.#view.getUint16(start, true);
    if (size === 4) return this.#view.getUint32(start, true);
    return Number(this.#view.getBigUint64(start, true));
  }

  int32(): number {
    this.take(4);
    return this.#view.getInt32(this.at - 4, true);
  }

  /** Big-endian, alone among the numbers of a pickle. */
  float64(): number {
    this.take(8);
    return this.#view.getFloat64(this.at - 8);
  }

  text(length: number): string {
    return new TextDecoder().decode(this.take(length));
  }

  /** Up to a line break. */
  line(): string {
    const limit = this.at + this.#limits.name;
    const end = this.#bytes.subarray(0, limit).indexOf(lineBreak, this.at);
    if (end < 0) {
      if (this.#bytes.length < limit) throw new PickleCut();
      throw damagedPickle(`a name of more than ${this.#limits.name} bytes`);
    }
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  /** Adds the items above the mark, or the one on top, to the list below. */
  append(items: readonly Value[]): void {
    const list = this.top();
    if (isKind(list, "list")) for (const item of items) list.items.push(item);
    else if (!isKind(list, "opaque"))
      throw damagedPickle("values added to what is no list");
  }

  /** Sets keys and values, in turns, in the dict below. */
  set(items: readonly Value[]): void {
    const dict = this.top();
    if (items.length % 2 !== 0) throw damagedPickle("a key without a value");
    if (isKind(dict, "dict")) setAll(dict, items);
    else if (!isKind(dict, "opaque"))
      throw damagedPickle("keys set in what is no dict");
  }

  global(module: Value, name: Value): void {
    if (typeof module !== "string" || typeof name !== "string")
      throw damagedPickle("a name that is no text");
    if (module.length + name.length > this.#limits.name)
      throw damagedPickle(`a name of more than ${this.#limits.name} bytes`);
    this.push(built(module, name));
  }

  /** What lies outside under this name. */
  persistent(id: Value): void {
    const value = persistent(id);
    this.push(value);
    if (!isKind(value, "storage")) return;
    const same = this.storages.get(value.key) ?? value;
    if (same.type !== value.type || same.numbers !== value.numbers)
      throw damagedPickle(`two storages under the key "${value.key}"`);
    this.storages.set(value.key, value);
  }
}

function setAll(dict: Dict, items: readonly Value[]): void {
  items.forEach((item, i) => (i % 2 ? dict.values : dict.keys).push(item));
}

const stop = 0x2e;
const lineBreak = 0x0a;

/** Highest protocol there is. */
const newest = 5;

const opcodes: ReadonlyMap<number, (m: Machine) => void> = new Map<
  number,
  (m: Machine) => void
>([
  // PROTO, FRAME
  [
    0x80,
    (m) => {
      const protocol = m.unsigned(1);
      if (protocol > newest)
        throw damagedPickle(`the unknown protocol ${protocol}`);
    },
  ],
  [0x95, (m) => void m.unsigned(8)],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  // BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT
  [0x4a, (m) => m.push(m.int32())],
  [0x4b, (m) => m.push(m.unsigned(1))],
  [0x4d, (m) => m.push(m.unsigned(2))],
  [0x8a, (m) => m.push(long(m.take(m.unsigned(1))))],
  [0x8b, (m) => m.push(long(m.take(atMost(m.unsigned(4), 255))))],
  [0x47, (m) => m.push(m.float64())],
  // BINUNICODE, SHORT_BINUNICODE, BINUNICODE8
  [0x58, (m) => m.push(m.text(m.unsigned(4)))],
  [0x8c, (m) => m.push(m.text(m.unsigned(1)))],
  [0x8d, (m) => m.push(m.text(m.unsigned(8)))],
  // BINSTRING, SHORT_BINSTRING: Python 2's text
  [0x54, (m) => m.push(m.text(m.unsigned(4)))],
  [0x55, (m) => m.push(m.text(m.unsigned(1)))],
  // BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8
  [0x42, (m) => m.push(m.take(m.unsigned(4)))],
  [0x43, (m) => m.push(m.take(m.unsigned(1)))],
  [0x8e, (m) => m.push(m.take(m.unsigned(8)))],
  [0x96, (m) => m.push(m.take(m.unsigned(8)))],
  // MARK, POP, POP_MARK, DUP
  [0x28, (m) => m.mark()],
  [0x30, (m) => void m.pop()],
  [0x31, (m) => void m.popMark()],
  [0x32, (m) => m.push(m.top())],
  // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE
  [0x29, (m) => m.push(listOf([]))],
  [0x85, (m) => m.push(listOf(popped(m, 1)))],
  [0x86, (m) => m.push(listOf(popped(m, 2)))],
  [0x87, (m) => m.push(listOf(popped(m, 3)))],
  [0x74, (m) => m.push(listOf(m.popMark()))],
  // EMPTY_LIST, LIST, APPEND, APPENDS
  [0x5d, (m) => m.push(listOf([]))],
  [0x6c, (m) => m.push(listOf(m.popMark()))],
  [0x61, (m) => m.append(popped(m, 1))],
  [0x65, (m) => m.append(m.popMark())],
  // EMPTY_SET, ADDITEMS, FROZENSET
  [0x8f, (m) => m.push(listOf([]))],
  [0x90, (m) => m.append(m.popMark())],
  [0x91, (m) => m.push(listOf(m.popMark()))],
  // EMPTY_DICT, DICT, SETITEM, SETITEMS
  [0x7d, (m) => m.push({ kind: "dict", keys: [], values: [] })],
  [
    0x64,
    (m) => {
      const items = m.popMark();
      m.push({ kind: "dict", keys: [], values: [] });
      m.set(items);
    },
  ],
  [0x73, (m) => m.set(popped(m, 2))],
  [0x75, (m) => m.set(m.popMark())],
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  [0x71, (m) => m.put(m.unsigned(1))],
  [0x72, (m) => m.put(m.unsigned(4))],
  [0x94, (m) => m.memoize()],
  [0x68, (m) => m.get(m.unsigned(1))],
  [0x6a, (m) => m.get(m.unsigned(4))],
  // GLOBAL, STACK_GLOBAL
  [
    0x63,
    (m) => {
      const module = m.line();
      m.global(module, m.line());
    },
  ],
  [
    0x93,
    (m) => {
      const [module = null, name = null] = popped(m, 2);
      m.global(module, name);
    },
  ],
  // REDUCE, BUILD, NEWOBJ, NEWOBJ_EX, BINPERSID
  [
    0x52,
    (m) => {
      const [callable = null, args = null] = popped(m, 2);
      m.push(reduce(callable, argumentsOf(args)));
    },
  ],
  [
    0x62,
    (m) => {
      const state = m.pop();
      const object = m.top();
      // an OrderedDict's attributes (`_metadata`) do not matter
      if (isKind(object, "opaque")) object.state = state;
    },
  ],
  [
    0x81,
    (m) => {
      const [type = null, args = null] = popped(m, 2);
      m.push(create(type, argumentsOf(args)));
    },
  ],
  [
    0x92,
    (m) => {
      const [type = null, args = null] = popped(m, 3);
      m.push(create(type, argumentsOf(args)));
    },
  ],
  [0x51, (m) => m.persistent(m.pop())],
]);

/** The top values, the topmost last. */
function popped(m: Machine, count: number): Value[] {
  const values: Value[] = [];
  for (let i = 0; i < count; i++) values.unshift(m.pop());
  return values;
}

function listOf(items: Value[]): List {
  return { kind: "list", items };
}

function argumentsOf(value: Value): readonly Value[] {
  if (!isKind(value, "list")) throw damagedPickle("a call without arguments");
  return value.items;
}

/** A number of any length, two's complement, little-endian; a bigint where it is not exact otherwise. */
function long(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--)
    value = (value << 8n) | BigInt(bytes[i] ?? 0);
  value = BigInt.asIntN(bytes.length * 8, value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function atMost(length: number, most: number): number {
  if (length > most) throw damagedPickle(`a number of ${length} bytes`);
  return length;
}

function damagedPickle(what: string): Fault {
  return new Fault(
    "damaged-file",
    `A pickle in the file holds ${what}.`,
    "Save the weights again: torch.save(model.state_dict(), ...).",
  );
}
