// @ts-check
import { buildIfStale } from "../lib/build-app.mjs";
import { projectRoot } from "../lib/places.mjs";
import { createReporter } from "../lib/progress.mjs";
import { requireElectron } from "../electron-runtime.mjs";
import { windowEnvironment } from "../setup/native-status.mjs";
import { setUp } from "../setup/set-up.mjs";
import { launch } from "./launch.mjs";
import { noDisplay, rootRefusal, thisDesk } from "./desk.mjs";

/**
 * Exit codes: the app's own, 1 set-up or build failed, 3 no window can be opened here.
 * @param {string[]} argv passed on to the app
 * @returns {Promise<number>}
 */
export async function main(argv) {
  const desk = thisDesk();
  // before set-up fills the folder with files of root's
  const refusal = rootRefusal(desk);
  if (refusal) {
    console.error(refusal);
    return 3;
  }
  const reporter = createReporter();
  const { native, problems } = await setUp({ purpose: "start", reporter });
  if (problems.length > 0 && desk.display) {
    for (const problem of problems) console.error(problem);
    return 1;
  }
  await buildIfStale({ say: reporter.line });
  if (!desk.display) {
    console.error(noDisplay);
    return 3;
  }
  const electron = requireElectron();
  if (electron.kind === "test")
    console.error(
      `This is Electron ${electron.version}, an old runtime for development and tests only: node scripts/setup.mjs --electron official fetches the current one.`,
    );
  if (native.state === "unavailable")
    console.error(
      `Proxima computes with the slower fallback backend. ${native.reason}`,
    );
  if (desk.noSandbox)
    console.error(
      "PROXIMA_NO_SANDBOX is set: the window runs without Chromium's sandbox, which is for containers and tests only.",
    );
  return launch(electron, {
    args: [...(desk.noSandbox ? ["--no-sandbox"] : []), projectRoot, ...argv],
    env: windowEnvironment(native, process.env),
  });
}
