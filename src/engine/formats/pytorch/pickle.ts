/**
 * A small unpickler: Python's pickle protocols 2 to 5 as PyTorch uses them.
 *
 * A pickle is a program for a stack machine. This one knows the opcodes that build data. The two that would call
 * something (REDUCE, NEWOBJ) hand names and arguments to `objects.ts`, which knows a short list of functions and
 * makes an inert value of everything else. Nothing in a file is ever run.
 */
import { damagedPickle, Machine, type PickleLimits } from "./machine";
import { opcodes } from "./opcodes";
import type { Storage, Value } from "./values";

export { PickleCut, type PickleLimits } from "./machine";

/** A state dict takes about 40 opcodes a tensor; a checkpoint with an optimizer three times as many. */
export const pickleLimits: PickleLimits = { opcodes: 2_000_000, name: 1000 };

export interface Unpickled {
  readonly value: Value;
  /** Every storage the pickle speaks of, by key. */
  readonly storages: ReadonlyMap<string, Storage>;
  /** Where the pickle ends in the bytes. */
  readonly end: number;
}

/** Reads the pickle that begins at `start`. Throws a Fault `damaged-file`, or a PickleCut where bytes are missing. */
export function unpickle(
  bytes: Uint8Array,
  start = 0,
  limits: Partial<PickleLimits> = {},
): Unpickled {
  const most = { ...pickleLimits, ...limits };
  const machine = new Machine(bytes, start, most);
  const value = run(machine, most.opcodes);
  return { value, storages: machine.storages, end: machine.at };
}

const stop = 0x2e;

/** What is on top of the stack when the pickle stops. */
function run(machine: Machine, most: number): Value {
  for (let done = 0; done < most; done++) {
    const start = machine.at;
    const code = machine.unsigned(1);
    if (code === stop) return machine.pop();
    const opcode = opcodes.get(code);
    if (!opcode)
      throw damagedPickle(
        `the opcode 0x${code.toString(16).padStart(2, "0")} at byte ${start}, which is not supported`,
      );
    opcode(machine);
  }
  throw damagedPickle(`more than ${most} opcodes`);
}
