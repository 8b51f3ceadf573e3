/** One writer a folder: two would mix their files without a word. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../shared/fault";
import { holderOf, tryLock } from "../lock.mjs";
import { writeFault } from "./folder";

/** In a folder that a process writes into. */
export const lockFile = ".proxima-lock";

export interface HeldLock {
  /** Throws a Fault `export-failed` where another process has taken over: nothing more may be written. */
  check(): void;
  release(): void;
}

export interface LockOptions {
  /** What the folder is to the user, and what is done to it: "training in". */
  readonly what?: string;
  /** Whether a holder elsewhere, of which only its beat tells, is watched for up to 15 s; else it counts as there. */
  readonly watch?: boolean;
}

/**
 * Takes a folder that is there. Throws a Fault `invalid-request` where another process has it, and `export-failed`
 * where nothing can be written into it.
 */
export async function lockFolder(
  folder: string,
  options: LockOptions = {},
): Promise<HeldLock> {
  return lockPath(join(folder, lockFile), folder, options);
}

/** The same for any lock file; `named` is what a refusal names. */
export async function lockPath(
  path: string,
  named: string,
  { what = "writing into", watch = true }: LockOptions = {},
): Promise<HeldLock> {
  const taken = await tryLock(path, { watch }).catch((error: unknown) => {
    throw writeFault(error, path);
  });
  if (!taken.lock) throw heldFault(named, what, taken.holder);
  const { lock } = taken;
  return {
    check: () => {
      if (!lock.lost.aborted) return;
      throw new Fault(
        "export-failed",
        `${named} was taken away or taken over by another Proxima while this one was ${what} it.`,
        "What was finished before is there. Start again once the other one is done.",
      );
    },
    release: () => {
      lock.release();
    },
  };
}

/** Throws the Fault of `lockFolder` where another process has the folder now. Changes nothing. */
export async function checkFree(
  folder: string,
  { what = "writing into", watch = true }: LockOptions = {},
): Promise<void> {
  // a folder that is not there is nobody's
  if (!(await stat(folder).catch(() => null))?.isDirectory()) return;
  const found = await holderOf(join(folder, lockFile), { watch }).catch(
    () => null,
  );
  if (found) throw heldFault(folder, what, found.holder);
}

function heldFault(
  named: string,
  what: string,
  holder: { readonly pid: number; readonly host: string } | null,
): Fault {
  const who = holder
    ? ` (process ${holder.pid}${holder.host ? ` on ${holder.host}` : ""})`
    : "";
  return new Fault(
    "invalid-request",
    `Another Proxima${who} is ${what} ${named}.`,
    "Wait until it is done, or stop it.",
  );
}
