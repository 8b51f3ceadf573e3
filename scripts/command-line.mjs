// @ts-check
/** What bin/proxima does before the command line itself runs in this process. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import { buildIfStale } from "./lib/build-app.mjs";
import { projectRoot } from "./lib/places.mjs";
import { Refusal } from "./lib/refusal.mjs";
import { nativeEnvironment, readNativeStatus } from "./setup/native-status.mjs";
import { packagesAreInstalled } from "./setup/packages.mjs";

/**
 * @param {string[]} argv
 * @returns {Promise<number>}
 */
export async function main(argv) {
  const native = readNativeStatus(projectRoot);
  if (!native || !packagesAreInstalled(projectRoot))
    throw new Refusal(
      "Proxima is not set up yet: run npm start or node scripts/setup.mjs once in its folder.",
    );
  const env = nativeEnvironment(native, process.env);
  if (env["LD_LIBRARY_PATH"] !== process.env["LD_LIBRARY_PATH"])
    return again(argv, env);
  Object.assign(process.env, env);
  // standard output belongs to the command
  await buildIfStale({ say: console.error });
  const require = createRequire(import.meta.url);
  // src/cli/index.ts, built
  const cli = /** @type {{ main: (argv: string[]) => Promise<number> }} */ (
    require(join(projectRoot, "out/main/cli.cjs"))
  );
  return cli.main(argv);
}

/**
 * The loader reads LD_LIBRARY_PATH only when a process starts.
 * @param {string[]} argv
 * @param {NodeJS.ProcessEnv} env
 */
function again(argv, env) {
  const script = join(projectRoot, "bin/proxima");
  const ended = spawnSync(process.execPath, [script, ...argv], {
    env,
    stdio: "inherit",
  });
  return (
    ended.status ?? 128 + (ended.signal ? constants.signals[ended.signal] : 0)
  );
}
