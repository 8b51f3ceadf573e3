import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  electronEnvironment,
  electronRuntime,
  requireElectron,
  testElectronFolder,
} from "../../scripts/electron-runtime.mjs";
import { testElectron } from "../../scripts/setup/pins.mjs";
import { temporaryFolders } from "../support/temporary-folder";
import { put } from "./put";

const temporary = temporaryFolders();
const test = (name: string, run: (folder: string) => void | Promise<void>) =>
  it(name, async () => run(await temporary()));

describe("the Electron that runs", () => {
  const official = async (root: string) => {
    const folder = join(root, "node_modules/electron");
    await put(join(folder, "package.json"), '{"version":"45.4.1"}');
    await put(join(folder, "dist/version"), "45.4.1");
    await put(join(folder, "dist/electron"));
    await put(join(folder, "path.txt"), "electron");
    return join(folder, "dist/electron");
  };
  const oldOne = async (cache: string) => {
    const folder = testElectronFolder(join(cache, "proxima"));
    await put(join(folder, "electron"), "binary");
    const { integrity } = testElectron;
    await put(
      join(folder, "lock.json"),
      JSON.stringify({ integrity, bytes: 6 }),
    );
    return join(folder, "electron");
  };

  test("is none before set-up, said in a sentence", (root) => {
    const where = { root, env: { XDG_CACHE_HOME: root } };
    expect(electronRuntime(where)).toBeNull();
    expect(() => requireElectron(where)).toThrow("node scripts/setup.mjs");
  });
  test("is the test runtime where there is no other", async (root) => {
    const path = await oldOne(root);
    const env = { XDG_CACHE_HOME: root };
    expect(electronRuntime({ root, env })).toEqual({
      path,
      version: "25.1.1",
      kind: "test",
    });
    await put(path, "half");
    expect(electronRuntime({ root, env })).toBeNull();
  });
  test("is the current one as soon as its installer has finished", async (root) => {
    await oldOne(root);
    const path = await official(root);
    const env = { XDG_CACHE_HOME: root };
    const found = electronRuntime({ root, env });
    expect(found).toEqual({ path, version: "45.4.1", kind: "official" });
    await put(join(root, "node_modules/electron/dist/version"), "44.0.0");
    expect(electronRuntime({ root, env })?.kind).toBe("test");
  });
  test("is the user's own where one is named", async (root) => {
    await official(root);
    const own = join(root, "my-electron");
    const env = { XDG_CACHE_HOME: root, PROXIMA_ELECTRON: own };
    expect(electronRuntime({ root, env })).toBeNull();
    expect(() => requireElectron({ root, env })).toThrow("PROXIMA_ELECTRON");
    await put(own);
    expect(electronRuntime({ root, env })?.path).toBe(own);
    expect(
      electronEnvironment({ path: own, version: null, kind: "own" }),
    ).toEqual({ ELECTRON_EXEC_PATH: own });
  });
  it.runIf(process.platform === "linux")(
    "is named to electron-vite and to require",
    () => {
      const path = "/cache/e/electron";
      expect(electronEnvironment({ path, version: "1", kind: "test" })).toEqual(
        {
          ELECTRON_EXEC_PATH: path,
          ELECTRON_OVERRIDE_DIST_PATH: "/cache/e",
        },
      );
    },
  );
});
