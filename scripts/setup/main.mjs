// @ts-check
import { parseArgs } from "node:util";
import { createReporter } from "../lib/progress.mjs";
import { setUp } from "./set-up.mjs";

const usage = `Usage: node scripts/setup.mjs [--gpu | --cpu] [--electron official|test]
  --gpu, --cpu   which native TensorFlow; without either, an NVIDIA driver that answers decides
  --electron     official: the current release; test: an old runtime for development and tests
Exit: 0 ready, 1 something that is needed is missing, 2 usage, 5 ready, but without native TensorFlow`;

/**
 * @param {string[]} argv
 * @returns {Promise<number>}
 */
export async function main(argv) {
  const options = readOptions(argv);
  if (!options) {
    console.error(usage);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const reporter = createReporter();
  const { native, problems, worked } = await setUp({
    ...options,
    purpose: "setup",
    reporter,
  });
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) return 1;
  if (!worked) reporter.line("Everything is set up.");
  // where no native library exists there is nothing to mend
  return native.state === "unavailable" && process.platform === "linux" ? 5 : 0;
}

/**
 * @param {string[]} argv
 * @returns {{ tensorflow: "cpu" | "gpu" | null, electron: "official" | "test" | null, help: boolean } | null}
 */
function readOptions(argv) {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        gpu: { type: "boolean", default: false },
        cpu: { type: "boolean", default: false },
        electron: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const { gpu, cpu, electron = null, help } = values;
    if (gpu && cpu) return null;
    if (electron !== null && electron !== "official" && electron !== "test")
      return null;
    return { tensorflow: gpu ? "gpu" : cpu ? "cpu" : null, electron, help };
  } catch {
    return null;
  }
}
