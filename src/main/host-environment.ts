import { delimiter } from "node:path";

export interface HostEnvironmentOptions {
  /** 0: as many as there are cores. */
  readonly threads: number;
}

/** What TensorFlow reads once, when its process starts. */
export function hostEnvironment(
  env: NodeJS.ProcessEnv,
  { threads }: HostEnvironmentOptions,
): NodeJS.ProcessEnv {
  const host: NodeJS.ProcessEnv = {
    TF_CPP_MIN_LOG_LEVEL: "1",
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    ...env,
    TF_ENABLE_ONEDNN_OPTS: "1",
  };
  if (threads > 0) host["TF_NUM_INTRAOP_THREADS"] = String(threads);
  // The CUDA libraries that set-up found: the loader reads the path before the process can add to it.
  const libraries = env["PROXIMA_LIBRARY_PATH"];
  if (libraries)
    host["LD_LIBRARY_PATH"] = [libraries, env["LD_LIBRARY_PATH"]]
      .filter(Boolean)
      .join(delimiter);
  // Meant for Electron's own processes, not for a plain Node.
  delete host["ELECTRON_RUN_AS_NODE"];
  return host;
}
