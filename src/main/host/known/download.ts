/** Downloads one file: checked for length and checksum, taken up where it stopped, under its name only when whole. */
import { statfs } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Fault } from "../../../shared/fault";
import { makeFolder } from "../folder";
import { Part, type PartOptions } from "./part";
import { ask, StalePart, type Answered } from "./requests";

export interface Download extends PartOptions {
  /** Bytes the file has at most; a server that sends without end is stopped there. */
  readonly most: number;
  /** Whether http to this very machine is allowed: for tests. */
  readonly loopback?: boolean;
  /** How long a server may say nothing, in milliseconds. */
  readonly patienceMs?: number;
}

export interface DownloadWork {
  readonly signal: AbortSignal;
  /** Bytes there, and in all; 0 where that is not known. */
  readonly progress: (bytes: number, total: number) => void;
}

/** Connections in a row that may break, each after some bytes, before it is given up. */
const mostBreaks = 5;
const usualPatienceMs = 30_000;
/** Never filled up: a disk without a byte left stops more than us. */
const spareBytes = 16 * 2 ** 20;

/**
 * Settles once the file is there. Throws the signal's reason, or a Fault: `export-failed` where it cannot be had or
 * written (what is there is kept), `damaged-file` where it is not the file it should be (nothing is kept).
 */
export async function download(
  task: Download,
  work: DownloadWork,
): Promise<void> {
  work.signal.throwIfAborted();
  await makeFolder(dirname(task.target));
  const part = await Part.open(task);
  try {
    await fetchAll(task, part, work);
    await part.finish();
  } finally {
    await part.close();
  }
}

async function fetchAll(task: Download, part: Part, work: DownloadWork) {
  let breaks = 0;
  for (;;) {
    const before = part.bytes;
    try {
      await fetchRest(task, part, work);
      return;
    } catch (error) {
      work.signal.throwIfAborted();
      if (error instanceof Fault) throw error;
      if (error instanceof StalePart) {
        // of nothing there is nothing to forget: the server contradicts itself
        if (before === 0) throw refused(task, "answers what was not asked");
        await part.restart(null);
        continue;
      }
      breaks = part.bytes > before ? breaks + 1 : mostBreaks;
      if (breaks >= mostBreaks) throw broken(task, part.bytes, error);
    }
  }
}

/** One connection's share. */
async function fetchRest(
  task: Download,
  part: Part,
  { signal, progress }: DownloadWork,
): Promise<void> {
  const silence = new Silence(task.patienceMs ?? usualPatienceMs);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, silence.signal, stop.signal]);
  try {
    const { url, loopback = false } = task;
    const { validator } = part;
    // of an unknown version the rest may be another file's
    const from = validator === null ? 0 : part.bytes;
    const answered = await silence.during(
      ask({ url, from, validator, loopback }, { signal: either }),
    );
    if (answered.from === 0) await part.restart(answered.validator);
    else if (answered.validator !== validator) throw new StalePart();
    const { body, total } = answered;
    await checkLength(task, part, total);
    progress(part.bytes, total ?? 0);
    if (!body) return;
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await silence.during(reader.read());
      if (done) break;
      if (part.bytes + value.length > (total ?? task.most)) {
        await part.restart(null);
        throw refused(task, `sends more than ${total ?? task.most} bytes`);
      }
      await part.append(value);
      progress(part.bytes, total ?? 0);
      signal.throwIfAborted();
    }
    if (total !== null && part.bytes < total)
      throw new Error(`it ended after ${part.bytes} of ${total} bytes`);
  } finally {
    // whatever is still on its way
    stop.abort();
  }
}

async function checkLength(
  task: Download,
  part: Part,
  total: Answered["total"],
): Promise<void> {
  if (total === null) return;
  if (total > task.most)
    throw refused(
      task,
      `offers ${total} bytes, and the file should have at most ${task.most}`,
    );
  const { bavail, bsize } = await statfs(dirname(task.target));
  const needed = total - part.bytes + spareBytes;
  if (bavail * bsize < needed)
    throw new Fault(
      "export-failed",
      `There is no room for ${basename(task.target)}: ${Math.ceil(needed / 1e6)} MB are needed on its disk.`,
      "Free some space, and try again.",
    );
}

/** Ends a request that nothing comes of. */
class Silence {
  readonly #controller = new AbortController();
  readonly #patienceMs: number;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async during<T>(promise: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#controller.abort(
        new Error(`it said nothing for ${this.#patienceMs / 1000} s`),
      );
    }, this.#patienceMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

function refused({ url }: Download, what: string): Fault {
  return new Fault(
    "export-failed",
    `${new URL(url).host} ${what}.`,
    "Try again later.",
  );
}

function broken({ url }: Download, bytes: number, error: unknown): Fault {
  return new Fault(
    "export-failed",
    `The connection to ${new URL(url).host} broke${bytes > 0 ? ` after ${bytes} bytes` : ""}: ${reasonOf(error)}.`,
    bytes > 0
      ? "Try again: it goes on where it stopped."
      : "Check the connection to the internet.",
    { cause: error },
  );
}

/** fetch says "fetch failed", and why only in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}
