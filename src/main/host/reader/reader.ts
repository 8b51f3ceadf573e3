/**
 * Reads a network apart from the host: in a thread of its own, which is ended where it hangs or swells.
 * Weights come back without a copy.
 */
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { unpack } from "../../../engine";
import { decodeFault, Fault } from "../../../shared/fault";
import {
  readNetwork,
  type ReadRequest,
  type ReadResult,
  type ReadWork,
} from "../read-network";
import type { FromThread, Job, ToThread } from "./messages";

/** Built beside the host; where the sources run as they are (tests), there is none, and the host reads itself. */
const builtThread = join(
  dirname(fileURLToPath(import.meta.url)),
  "reader-thread.cjs",
);

export interface ReaderLimits {
  /** How long the thread may compute without listening, for a small file. */
  readonly silenceMs: number;
  /** Bytes the process may grow by, for a small file. */
  readonly growth: number;
  /** Of the JavaScript heap, in MiB. */
  readonly heap: number;
}

const usual: ReaderLimits = {
  silenceMs: 4000,
  growth: 384 * 2 ** 20,
  heap: 1024,
};
/** A large file may take longer: so many bytes are transposed in a millisecond even on a slow machine. */
const bytesAMs = 50_000;
/** Raw bytes, decoded values and their rearranged copy, and room to breathe. */
const growthPerByte = 5;
const lookEveryMs = 200;

/** As {@link readNetwork}. Throws a Fault `damaged-file` where reading neither ends nor stays small. */
export async function readApart(
  path: string,
  request: ReadRequest,
  work: ReadWork,
  { thread = builtThread, limits = usual } = {},
): Promise<ReadResult> {
  if (!existsSync(thread)) return readNetwork(path, request, work);
  const bytes = await bytesAround(path);
  const patience = limits.silenceMs + bytes.chosen / bytesAMs;
  const most =
    process.memoryUsage.rss() + limits.growth + growthPerByte * bytes.all;
  const job: Job = { path, request };
  const worker = new Worker(thread, {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: limits.heap },
  });
  const tell = (message: ToThread) => {
    worker.postMessage(message);
  };
  let heard = performance.now();
  let watch: NodeJS.Timeout | undefined;
  const onAbort = () => {
    tell({ kind: "abort" });
  };
  try {
    return await new Promise<ReadResult>((resolve, reject) => {
      const isAborted = () => work.signal.aborted;
      if (isAborted()) onAbort();
      work.signal.addEventListener("abort", onAbort);
      watch = setInterval(() => {
        if (performance.now() - heard > patience)
          // one that was asked to stop is not to blame
          reject(isAborted() ? abortOf(work.signal) : tooLong());
        else if (process.memoryUsage.rss() > most) reject(tooLarge());
        else tell({ kind: "ping" });
      }, lookEveryMs);
      worker.on("message", (message: FromThread) => {
        heard = performance.now();
        switch (message.kind) {
          case "alive":
            return;
          case "progress":
            work.progress(message.stage, message.bytes, message.total);
            return;
          case "aborted":
            reject(abortOf(work.signal));
            return;
          case "fault":
            reject(decodeFault(message.fault));
            return;
          case "done":
            resolve({
              ...message.result,
              network: unpack(message.result.network),
            });
        }
      });
      worker.on("error", (error: NodeJS.ErrnoException) => {
        reject(
          error.code === "ERR_WORKER_OUT_OF_MEMORY" ? tooLarge(error) : error,
        );
      });
      worker.on("exit", () => {
        reject(
          new Fault("internal", "The thread that reads networks ended early."),
        );
      });
    });
  } finally {
    clearInterval(watch);
    work.signal.removeEventListener("abort", onAbort);
    await worker.terminate();
  }
}

/** What lies at a path, and what may belong to it: a folder's files, or those beside a chosen file. */
async function bytesAround(path: string) {
  const found = await stat(path).catch(() => null);
  // readNetwork says what is wrong with it
  if (!found) return { chosen: 0, all: 0 };
  const folder = found.isDirectory() ? path : dirname(path);
  const names = await readdir(folder, { recursive: found.isDirectory() }).catch(
    () => [],
  );
  let all = 0;
  for (const name of names.slice(0, 5000)) {
    const file = await stat(join(folder, name)).catch(() => null);
    if (file?.isFile()) all += file.size;
  }
  return { chosen: found.isDirectory() ? all : found.size, all };
}

function abortOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error
    ? signal.reason
    : new DOMException("The reading was stopped.", "AbortError");
}

function tooLong(): Fault {
  return new Fault(
    "damaged-file",
    "Reading the network did not come to an end.",
    "The file is damaged, or made to stop programs: export the network again.",
  );
}

function tooLarge(cause?: unknown): Fault {
  return new Fault(
    "damaged-file",
    "Reading the network took far more memory than its files explain.",
    "The file is damaged, or made to stop programs: export the network again.",
    { cause },
  );
}
