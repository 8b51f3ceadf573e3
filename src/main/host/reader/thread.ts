/** The thread that reads one network and ends: parsers see files of strangers, and may trap, loop or swell. */
import { parentPort, workerData } from "node:worker_threads";
import { pack } from "../../../engine";
import { encodeFault } from "../../../shared/fault";
import { readNetwork } from "../read-network";
import type { FromThread, Job, ToThread } from "./messages";

async function start(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error("This file is the start of a thread.");
  const post = (message: FromThread, transfer: ArrayBuffer[] = []) => {
    port.postMessage(message, transfer);
  };
  const controller = new AbortController();
  port.on("message", (message: ToThread) => {
    if (message.kind === "abort") controller.abort();
    else post({ kind: "alive" });
  });
  // the reader that started this thread wrote it
  const { path, request } = workerData as Job;
  try {
    const { network, ...rest } = await readNetwork(path, request, {
      signal: controller.signal,
      progress: (stage, bytes, total) => {
        post({ kind: "progress", stage, bytes, total });
      },
    });
    const { network: plain, buffers } = pack(network);
    const result = { ...rest, network: plain };
    try {
      post({ kind: "done", result }, buffers);
    } catch {
      // a buffer that belongs to somebody else (Node's pool) cannot be handed over: everything is copied then
      post({ kind: "done", result });
    }
  } catch (error) {
    if (controller.signal.aborted) post({ kind: "aborted" });
    else post({ kind: "fault", fault: encodeFault(error) });
  }
  port.close();
}

void start();
