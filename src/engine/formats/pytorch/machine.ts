/** The stack machine that a pickle is a program for: its stack, its marks, its memo and the bytes it reads. */
import { Fault } from "../../../shared/fault";
import { built, persistent } from "./objects";
import { isKind, type Dict, type Storage, type Value } from "./values";

export interface PickleLimits {
  readonly opcodes: number;
  /** Bytes of a name of a class or function. */
  readonly name: number;
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

export class Machine {
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

const lineBreak = 0x0a;

export function damagedPickle(what: string): Fault {
  return new Fault(
    "damaged-file",
    `A pickle in the file holds ${what}.`,
    "Save the weights again: torch.save(model.state_dict(), ...).",
  );
}
