import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  nativeEnvironment,
  readNativeStatus,
  windowEnvironment,
} from "../../scripts/setup/native-status.mjs";
import { installedAsLocked } from "../../scripts/setup/packages.mjs";
import { tensorflowCpu } from "../../scripts/setup/pins.mjs";
import { installedHeaders } from "../../scripts/setup/toolchain.mjs";
import {
  tensorflowFolder,
  tensorflowIsUnpacked,
} from "../../scripts/setup/wheels.mjs";
import { temporaryFolders } from "../support/temporary-folder";
import { put } from "./put";

const temporary = temporaryFolders();
const test = (name: string, run: (folder: string) => void | Promise<void>) =>
  it(name, async () => run(await temporary()));

describe("the installed packages", () => {
  const machine = { os: "linux", cpu: "x64", libc: "glibc" };
  const plain = { version: "1.0.0", integrity: "sha512-a" };
  const forLinux = { ...plain, optional: true, os: ["linux"], cpu: ["x64"] };
  const as = (
    wanted: Parameters<typeof installedAsLocked>[0],
    found: Parameters<typeof installedAsLocked>[1],
  ) => installedAsLocked({ "": {}, ...wanted }, found, machine);

  it("are complete when each has its version and hash", () => {
    expect(as({ a: plain }, { a: plain })).toBe(true);
    expect(as({ a: plain }, { a: plain, left: plain })).toBe(true);
  });
  it.each([
    ["missing", {}],
    ["of another version", { a: { ...plain, version: "1.0.1" } }],
    ["of another hash", { a: { ...plain, integrity: "sha512-b" } }],
  ])("are incomplete when one is %s", (_, found) => {
    expect(as({ a: plain }, found)).toBe(false);
  });
  it.each([
    ["another system", { ...forLinux, os: ["win32"] }, true],
    ["another processor", { ...forLinux, cpu: ["arm64"] }, true],
    ["another C library", { ...forLinux, libc: ["musl"] }, true],
    [
      "no machine, only for what is left out",
      { ...plain, optional: true },
      true,
    ],
    ["every system but this", { ...forLinux, os: ["!linux"] }, true],
    ["this machine", forLinux, false],
    ["this C library", { ...forLinux, libc: ["glibc"] }, false],
  ])("may lack an optional one made for %s: %o %s", (_, locked, complete) => {
    expect(as({ a: locked }, {})).toBe(complete);
  });
});

describe("unpacked TensorFlow", () => {
  const lock = {
    wheels: tensorflowCpu.wheels.map((wheel) => wheel.sha256),
    bytes: { "libtensorflow_cc.so.2": 3, "libtensorflow_framework.so.2": 4 },
  };
  const fill = async (cache: string, value: unknown, library = "abc") => {
    const folder = tensorflowFolder(cache, tensorflowCpu);
    await put(join(folder, "tensorflow/libtensorflow_cc.so.2"), library);
    await put(join(folder, "tensorflow/libtensorflow_framework.so.2"), "abcd");
    await put(join(folder, "lock.json"), JSON.stringify(value));
    return tensorflowIsUnpacked(cache, tensorflowCpu);
  };
  test("counts with its lock file and whole libraries only", async (cache) => {
    expect(tensorflowIsUnpacked(cache, tensorflowCpu)).toBe(false);
    expect(await fill(cache, lock)).toBe(true);
    expect(await fill(cache, lock, "ab")).toBe(false);
    expect(await fill(cache, { ...lock, wheels: ["other"] })).toBe(false);
    for (const other of [null, {}, [], 7, { wheels: lock.wheels }])
      expect(await fill(cache, other)).toBe(false);
  });
});

describe("what set-up found", () => {
  test("counts only in the form of this version", async (root) => {
    const read = async (value: unknown) => {
      await put(join(root, ".proxima/native.json"), JSON.stringify(value));
      return readNativeStatus(root);
    };
    const status = { state: "ready", reason: null, libraryPath: [] };
    expect(readNativeStatus(root)).toBeNull();
    expect(await read(status)).toEqual(status);
    for (const other of [null, {}, 7, { ...status, state: "ok" }])
      expect(await read(other)).toBeNull();
    expect(await read({ ...status, libraryPath: "x" })).toBeNull();
  });
});

describe("the engine's environment", () => {
  const gpu = {
    state: "ready",
    reason: null,
    variant: "gpu",
    tensorflow: "2.21.0",
    libraryPath: ["/n/cublas/lib", "/n/cudnn/lib"],
  } as const;
  const status = { ...gpu, libraryPath: [...gpu.libraryPath] };

  it("puts CUDA's libraries first, once", () => {
    const once = nativeEnvironment(status, { LD_LIBRARY_PATH: "/mine" });
    const path = "/n/cublas/lib:/n/cudnn/lib:/mine";
    expect(once.LD_LIBRARY_PATH).toBe(path);
    expect(nativeEnvironment(status, once).LD_LIBRARY_PATH).toBe(path);
  });
  it("leaves the loader alone on the CPU", () => {
    const cpu = { ...status, libraryPath: [] };
    expect("LD_LIBRARY_PATH" in nativeEnvironment(cpu, {})).toBe(false);
  });
  it("keeps what the user chose", () => {
    const env = nativeEnvironment(status, { TF_CPP_MIN_LOG_LEVEL: "0" });
    expect(env).toMatchObject({ TF_CPP_MIN_LOG_LEVEL: "0" });
    expect(nativeEnvironment(null, {})).toMatchObject({
      TF_CPP_MIN_LOG_LEVEL: "1",
      TF_ENABLE_ONEDNN_OPTS: "1",
    });
  });
  it("reaches it through the window, whose own loader is left alone", () => {
    const env = windowEnvironment(status, {});
    expect(env).toEqual({
      PROXIMA_NODE: process.execPath,
      PROXIMA_LIBRARY_PATH: "/n/cublas/lib:/n/cudnn/lib",
    });
    expect(
      windowEnvironment(
        {
          ...status,
          state: "unavailable",
          reason: "No pip: get it.",
          libraryPath: [],
        },
        {},
      ),
    ).toMatchObject({ PROXIMA_SETUP_REASON: "No pip: get it." });
  });
});

describe("Node's headers", () => {
  test("are used only where they are this very Node's", async (prefix) => {
    const node = join(prefix, "bin/node");
    expect(installedHeaders(node, "20.20.2")).toBeNull();
    await put(
      join(prefix, "include/node/node_version.h"),
      "#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 20\n#define NODE_PATCH_VERSION 2\n",
    );
    expect(installedHeaders(node, "20.20.2")).toBe(prefix);
    expect(installedHeaders(node, "20.20.1")).toBeNull();
  });
});
