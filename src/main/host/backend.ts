/** Opens the best backend this machine has; the only place that imports tfjs-node. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import util from "node:util";
import * as tfcore from "@tensorflow/tfjs-core";
import type { NativeRuntime } from "../../engine";
import type { EngineStatus, Precision } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { nativeRuntime, type NativeBackend } from "./native-runtime";
import type { Messages } from "./saved-model";

export interface Backend {
  readonly status: EngineStatus;
  /** Null on a fallback backend: steps then run through tfjs-core. */
  readonly runtime: NativeRuntime | null;
}

export interface BackendOptions {
  /** A fallback by name, for tests and for a broken driver. */
  readonly force?: "wasm" | "cpu" | null;
}

/** Throws a Fault `invalid-request` for a precision that this backend does not compute in. */
export function checkPrecision(
  { precisions, title }: EngineStatus,
  precision: Precision,
): void {
  if (precisions.includes(precision)) return;
  throw new Fault(
    "invalid-request",
    `${precision} is not available on ${title}.`,
    `Use ${precisions.join(" or ")}.`,
  );
}

/** Never throws for a missing native library: it falls back and says why. */
export async function openBackend(
  options: BackendOptions = {},
): Promise<Backend> {
  if (options.force)
    return openFallback(options.force, "A fallback backend was asked for.");
  try {
    return await openNative();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const found = `Native TensorFlow could not be loaded: ${message.split("\n")[0] ?? ""} Run "node scripts/setup.mjs" to build it.`;
    // set-up's own sentence, where it could not build the library, already says what to do
    return openFallback("wasm", process.env["PROXIMA_SETUP_REASON"] || found);
  }
}

/** What is used of tfjs-node's untyped backend beyond NativeBackend. */
interface NodeBackend extends NativeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

async function openNative(): Promise<Backend> {
  // the library reads these once a process
  process.env["TF_ENABLE_ONEDNN_OPTS"] ??= "1";
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "1";
  process.env["TF_FORCE_GPU_ALLOW_GROWTH"] ??= "true";
  restoreRemovedUtil();
  const tf = await import("@tensorflow/tfjs-node-gpu");
  const messages: unknown =
    await import("@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js");
  await tf.ready();
  // the backend's class and the message classes come without types
  const backend = tf.backend() as unknown as NodeBackend;
  const { default: proto } = messages as { default: Messages };
  const device = backend.isUsingGpuDevice ? "GPU" : "CPU";
  const version = backend.binding.TF_Version;
  return {
    runtime: nativeRuntime(backend, proto),
    status: {
      backend: "tensorflow",
      title: `Native TensorFlow ${version.split(".").slice(0, 2).join(".")} · ${device}`,
      device,
      reason: null,
      precisions: backend.isUsingGpuDevice
        ? ["float32", "bfloat16"]
        : cpuPrecisions(),
      threads: threads(),
      versions: {
        tensorflow: version,
        "tfjs-core": tfcore.version_core,
        node: process.versions.node,
      },
    },
  };
}

async function openFallback(
  wanted: "wasm" | "cpu",
  reason: string,
): Promise<Backend> {
  // tfjs-core brings neither gradients nor kernels of its own
  await import("@tensorflow/tfjs");
  let kind = wanted;
  if (kind === "wasm") {
    await import("@tensorflow/tfjs-backend-wasm");
    if (!(await tfcore.setBackend("wasm").catch(() => false))) kind = "cpu";
  }
  if (kind === "cpu") {
    await tfcore.setBackend("cpu");
  }
  await tfcore.ready();
  return {
    runtime: null,
    status: {
      backend: kind,
      title: kind === "wasm" ? "Fallback: WebAssembly" : "Fallback: JavaScript",
      device: "CPU",
      reason,
      precisions: ["float32"],
      threads: 1,
      versions: {
        "tfjs-core": tfcore.version_core,
        node: process.versions.node,
      },
    },
  };
}

function threads(): number {
  const asked = Number(process.env["TF_NUM_INTRAOP_THREADS"]);
  return asked > 0 ? asked : availableParallelism();
}

/** bfloat16 pays where the CPU multiplies it in hardware: AVX512_BF16 or AMX. */
function cpuPrecisions(): Precision[] {
  return /\b(avx512_bf16|amx_bf16)\b/.test(cpuFlags())
    ? ["float32", "bfloat16"]
    : ["float32"];
}

function cpuFlags(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}

/** tfjs-node 4.22 calls two functions of node:util that Node 23 took away. */
function restoreRemovedUtil(): void {
  const target = util as unknown as Record<string, unknown>;
  target["isNullOrUndefined"] ??= (value: unknown) =>
    value === null || value === undefined;
  target["isArray"] ??= (value: unknown) => Array.isArray(value);
}
