// @ts-check
/** TensorFlow's shared libraries and C headers, out of pinned wheels into the per-user cache. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  bytesBelow,
  digest,
  freshStaging,
  inMegabytes,
  moveIntoPlace,
  readJson,
  requireSpace,
  sizeOf,
  writeJson,
} from "../lib/files.mjs";
import { Refusal } from "../lib/refusal.mjs";
import { runProcess } from "../lib/run-process.mjs";
import { wheelTarget } from "./pins.mjs";

export const libraries = [
  "libtensorflow_cc.so.2",
  "libtensorflow_framework.so.2",
];

/** What the C interface's own headers include. */
const kept = [
  ...libraries.map((name) => `tensorflow/${name}`),
  "tensorflow/include/tensorflow/c/",
  "tensorflow/include/tensorflow/core/platform/ctstring",
  "tensorflow/include/tsl/platform/ctstring",
  "tensorflow/include/xla/tsl/c/",
];

/**
 * The unpacked wheels: `tensorflow/` with libraries and `include/`, and `nvidia/` on the GPU. Its lock file names
 * what it was made of, and is written before the folder gets this name.
 * @param {string} cache
 * @param {import("./pins.mjs").TensorFlow} pin
 */
export function tensorflowFolder(cache, pin) {
  return join(cache, `tensorflow-${pin.variant}-${pin.version}`);
}

/**
 * @param {string} cache
 * @param {import("./pins.mjs").TensorFlow} pin
 */
export function tensorflowIsUnpacked(cache, pin) {
  const folder = tensorflowFolder(cache, pin);
  /** @type {{ wheels: string[], bytes: Record<string, number> } | null} */
  const lock = readJson(join(folder, "lock.json"));
  if (!Array.isArray(lock?.wheels) || !lock.bytes) return false;
  if (lock.wheels.join() !== pin.wheels.map((wheel) => wheel.sha256).join())
    return false;
  return libraries.every((name) => {
    const bytes = sizeOf(join(folder, "tensorflow", name));
    return bytes > 0 && bytes === lock.bytes[name];
  });
}

/**
 * Folders the loader must know before a process starts; empty on the CPU.
 * @param {string} folder
 */
export function cudaLibraryFolders(folder) {
  const nvidia = join(folder, "nvidia");
  if (!existsSync(nvidia)) return [];
  return readdirSync(nvidia)
    .map((name) => join(nvidia, name, "lib"))
    .filter((path) => existsSync(path))
    .sort();
}

/**
 * Downloads what is missing and unpacks it. Needs the cache's lock.
 * @param {{ cache: string, log: string, env: NodeJS.ProcessEnv, python: string }} context
 * @param {import("./pins.mjs").TensorFlow} pin
 * @param {import("../lib/progress.mjs").Stage} stage
 */
export async function fetchTensorFlow({ cache, log, env, python }, pin, stage) {
  const staging = freshStaging(cache);
  const downloads = join(cache, "downloads");
  mkdirSync(downloads, { recursive: true });
  const missing = pin.wheels.filter(
    (wheel) => sizeOf(join(downloads, wheel.file)) !== wheel.bytes,
  );
  const toLoad = missing.reduce((sum, wheel) => sum + wheel.bytes, 0);
  requireSpace(cache, toLoad + pin.unpackedBytes + 50e6, "native TensorFlow");

  let loaded = 0;
  if (missing.length > 0)
    stage.say(
      `downloading TensorFlow ${pin.version} for the ${pin.variant.toUpperCase()} (${inMegabytes(toLoad)})`,
    );
  for (const wheel of missing) {
    await download({ python, log, env, staging, downloads }, wheel, (bytes) =>
      stage.move(loaded + bytes, toLoad, "bytes"),
    );
    loaded += wheel.bytes;
  }

  stage.say(`unpacking (${inMegabytes(pin.unpackedBytes)})`);
  const folder = join(staging, "unpacked");
  let unpacked = 0;
  for (const [index, wheel] of pin.wheels.entries()) {
    const path = join(downloads, wheel.file);
    if ((await digest(path, "sha256", "hex")) !== wheel.sha256) {
      rmSync(path);
      throw new Refusal(
        `${wheel.file} in ${downloads} was damaged and is removed: run node scripts/setup.mjs again.`,
      );
    }
    const ended = await runProcess(
      python,
      [
        fileURLToPath(new URL("unpack_wheel.py", import.meta.url)),
        path,
        folder,
        ...(index === 0 ? kept : ["nvidia/"]),
      ],
      {
        env,
        log,
        onLine: (line) =>
          stage.move(
            unpacked + (Number(line) || 0),
            pin.unpackedBytes,
            "bytes",
          ),
      },
    );
    if (ended.code !== 0) throw new Refusal(explainUnpacking(ended, cache));
    unpacked = bytesBelow(folder);
  }
  writeJson(join(folder, "lock.json"), {
    version: pin.version,
    wheels: pin.wheels.map((wheel) => wheel.sha256),
    bytes: Object.fromEntries(
      libraries.map((name) => [name, sizeOf(join(folder, "tensorflow", name))]),
    ),
  });
  moveIntoPlace(folder, tensorflowFolder(cache, pin), staging);
  for (const wheel of pin.wheels)
    rmSync(join(downloads, wheel.file), { force: true });
}

/**
 * @param {{ python: string, log: string, env: NodeJS.ProcessEnv, staging: string, downloads: string }} context
 * @param {import("./pins.mjs").Wheel} wheel
 * @param {(bytes: number) => void} onBytes
 */
async function download(
  { python, log, env, staging, downloads },
  wheel,
  onBytes,
) {
  const work = join(staging, "pip");
  const temporary = join(work, "tmp");
  mkdirSync(temporary, { recursive: true });
  const ended = await runProcess(
    python,
    [
      ...["-m", "pip", "download", "--no-deps", "--only-binary=:all:"],
      // pip's own cache would hold a second copy
      ...["--no-cache-dir", "--disable-pip-version-check", "--no-input"],
      ...["--progress-bar", "off", "--retries", "2", "--timeout", "20"],
      ...wheelTarget,
      ...["-d", join(work, "wheel"), `${wheel.name}==${wheel.version}`],
    ],
    {
      // pip writes to TMPDIR first: on the same disk, and where its growth can be seen
      env: { ...env, TMPDIR: temporary, PIP_REQUIRE_VIRTUALENV: "0" },
      log,
      watch: () => bytesBelow(work),
      onWatch: onBytes,
      stallMs: 120_000,
    },
  );
  if (ended.stopped)
    throw new Refusal(
      "The download of TensorFlow stood still for two minutes and was ended: check the network and run node scripts/setup.mjs again.",
    );
  if (ended.code !== 0) throw new Refusal(explainPip(ended.output));
  const file = join(work, "wheel", wheel.file);
  if (
    !existsSync(file) ||
    (await digest(file, "sha256", "hex")) !== wheel.sha256
  )
    throw new Refusal(
      `The package index gave another ${wheel.name} ${wheel.version} than the pinned one, so it is not used: check pip config list for a mirror, and run node scripts/setup.mjs again.`,
    );
  renameSync(file, join(downloads, wheel.file));
  rmSync(work, { recursive: true, force: true });
}

/**
 * One sentence for what pip printed.
 * @param {string} output
 */
export function explainPip(output) {
  if (/No space left|Errno 28/i.test(output))
    return "The disk became full while TensorFlow was downloaded: make room, or let XDG_CACHE_HOME name a folder on another disk, and run node scripts/setup.mjs again.";
  if (
    /ConnectionError|Connection refused|Connection reset|Max retries|Name or service not known|name resolution|timed out|Timeout|ProxyError|SSLError|Network is unreachable|IncompleteRead/i.test(
      output,
    )
  )
    return "The Python package index could not be reached, so TensorFlow could not be downloaded: check the network, pip config list and the proxy settings, and run node scripts/setup.mjs again.";
  if (/no such option|invalid (platform|option)|manylinux/i.test(output))
    return "This pip is too old to choose wheels: run python3 -m pip install --user --upgrade pip, then node scripts/setup.mjs again.";
  if (/No matching distribution|Could not find a version/i.test(output))
    return "The Python package index in use does not have the TensorFlow that is wanted: check pip config list for a mirror, or update pip, and run node scripts/setup.mjs again.";
  return "pip could not download TensorFlow: see .proxima/setup.log for what it said, and run node scripts/setup.mjs again.";
}

/**
 * @param {import("../lib/run-process.mjs").Ended} ended
 * @param {string} cache
 */
function explainUnpacking(ended, cache) {
  if (ended.code === 28)
    return `The disk of ${cache} became full while TensorFlow was unpacked: make room, or let XDG_CACHE_HOME name a folder on another disk, and run node scripts/setup.mjs again.`;
  return "TensorFlow's wheel could not be unpacked: see .proxima/setup.log, and run node scripts/setup.mjs again.";
}
