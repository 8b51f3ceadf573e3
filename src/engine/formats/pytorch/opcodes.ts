/** Every opcode that is understood, by its byte; names as in Python's pickletools. */
import { damagedPickle, type Machine } from "./machine";
import { create, reduce } from "./objects";
import { isKind, type List, type Value } from "./values";

/** Highest protocol there is. */
const newest = 5;

export const opcodes: ReadonlyMap<number, (m: Machine) => void> = new Map<
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
