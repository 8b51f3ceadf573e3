import { mkdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { electronWarning } from "../../src/main/about";
import { kindOfDropped } from "../../src/main/dropped";
import { exportTarget, fileName } from "../../src/main/export-target";
import { hostEnvironment } from "../../src/main/host-environment";
import { findPlaces } from "../../src/main/places";
import { pathsToOpen } from "../../src/main/paths-to-open";
import { isPresent, RecentNetworks } from "../../src/main/recent-networks";
import { Tokens } from "../../src/main/tokens";
import { tokenSchema } from "../../src/shared/contract";
import { exportFormatSchema } from "../../src/shared/domain";
import { temporaryFolders } from "../support/temporary-folder";

const temporary = temporaryFolders();

describe("the host's environment", () => {
  it("sets what TensorFlow reads at its start", () => {
    expect(hostEnvironment({ HOME: "/home" }, { threads: 0 })).toEqual({
      HOME: "/home",
      TF_ENABLE_ONEDNN_OPTS: "1",
      TF_CPP_MIN_LOG_LEVEL: "1",
      TF_FORCE_GPU_ALLOW_GROWTH: "true",
    });
    expect(hostEnvironment({}, { threads: 3 })).toMatchObject({
      TF_NUM_INTRAOP_THREADS: "3",
    });
  });

  it("puts set-up's libraries first and takes Electron's switch away", () => {
    const env = hostEnvironment(
      {
        PROXIMA_LIBRARY_PATH: "/cuda",
        LD_LIBRARY_PATH: "/own",
        ELECTRON_RUN_AS_NODE: "1",
        TF_CPP_MIN_LOG_LEVEL: "0",
      },
      { threads: 0 },
    );
    expect(env["LD_LIBRARY_PATH"]).toBe(`/cuda${delimiter}/own`);
    expect(env).not.toHaveProperty("ELECTRON_RUN_AS_NODE");
    expect(env["TF_CPP_MIN_LOG_LEVEL"]).toBe("0");
  });
});

describe("places", () => {
  const common = { builtMain: "/app/out/main", userData: "/data" };

  it("are in the source tree, with the Node that was handed over", () => {
    expect(
      findPlaces({
        ...common,
        packagedResources: undefined,
        env: { PROXIMA_NODE: "/usr/bin/node" },
      }),
    ).toMatchObject({
      bundledNetworks: "/app/resources/networks",
      hostScript: "/app/out/main/host.cjs",
      preload: "/app/out/preload/index.cjs",
      renderer: "/app/out/renderer",
      node: "/usr/bin/node",
      library: "/data/library",
      log: "/data/logs/engine.log",
    });
  });

  it("are in the package, with its own Node", () => {
    const packaged = { ...common, packagedResources: "/opt/p/resources" };
    expect(findPlaces({ ...packaged, env: {} })).toMatchObject({
      bundledNetworks: "/opt/p/resources/networks",
      node: "/opt/p/resources/node/bin/node",
    });
    expect(
      findPlaces({ ...common, packagedResources: undefined, env: {} }).node,
    ).toBe("node");
  });
});

describe("tokens", () => {
  it("are of the contract, one for each choice, and tell nothing of the path", () => {
    const tokens = new Tokens();
    const [a, b] = [
      { path: "/a", purpose: "read" },
      { path: "/b", purpose: "write" },
    ] as const;
    const made = [tokens.add(a), tokens.add(a), tokens.add(b)];
    expect(new Set(made).size).toBe(3);
    for (const token of made) expect(tokenSchema.parse(token)).toBe(token);
    expect(tokens.entries()).toEqual([
      [made[0], a],
      [made[1], a],
      [made[2], b],
    ]);
  });

  it("lead back to the path and its purpose, for main", () => {
    const tokens = new Tokens();
    const grant = { path: "/a", purpose: "write" } as const;
    expect(tokens.get(tokens.add(grant))).toEqual(grant);
    expect(tokens.get("0")).toBeUndefined();
  });

  it("forget the oldest after a thousand", () => {
    const tokens = new Tokens();
    for (let i = 0; i < 1005; i++)
      tokens.add({ path: `/${i}`, purpose: "read" });
    const paths = tokens.entries().map(([, { path }]) => path);
    expect(paths).toHaveLength(1000);
    expect(paths[0]).toBe("/5");
  });
});

describe("networks opened lately", () => {
  const opened = (name: string, path = `/${name}`) => ({
    network: `${name}-0123`,
    name,
    path,
  });

  it("are found again after a restart, the latest first, eight at most", async () => {
    const file = join(await temporary(), "recent-networks.json");
    const recent = new RecentNetworks(file);
    expect(recent.list).toEqual([]);
    for (let i = 0; i < 10; i++) await recent.add(opened(`n${i}`));
    await recent.add(opened("n5"));
    // What lies there now is another network.
    await recent.add(opened("new", "/n4"));
    expect(new RecentNetworks(file).list.map(({ name }) => name)).toEqual([
      "new",
      "n5",
      "n9",
      "n8",
      "n7",
      "n6",
      "n3",
      "n2",
    ]);
  });

  it("are told from those that moved, changed, or are new", async () => {
    const folder = await temporary();
    const recent = new RecentNetworks(join(folder, "recent-networks.json"));
    const at = async (name: string) => {
      const path = join(folder, name);
      await writeFile(path, "");
      return path;
    };
    const [a, b] = [await at("a.onnx"), await at("b.onnx")];
    const open = (network: string, path: string) =>
      recent.add({ network, name: network, path });
    expect(await open("a-onnx-0123456789ab", a)).toBe("new");
    expect(await open("a-onnx-0123456789ab", a)).toBe("same");
    // a copy of the same content, under another name
    expect(await open("b-onnx-0123456789ab", b)).toBe("same");
    expect(recent.list.map(({ path }) => path)).toEqual([b]);
    expect(await isPresent({ network: "", name: "", path: b })).toBe(true);
    await rm(b);
    expect(await isPresent({ network: "", name: "", path: b })).toBe(false);
    expect(await open("a-onnx-0123456789ab", a)).toBe("moved");
    expect(recent.list.map(({ path }) => path)).toEqual([a]);
    expect(await open("a-onnx-ba9876543210", a)).toBe("changed");
    expect(recent.list.map(({ network }) => network)).toEqual([
      "a-onnx-ba9876543210",
    ]);
    // the same name and other content elsewhere are a network of its own
    expect(await open("a-onnx-000000000000", await at("c"))).toBe("new");
    expect(recent.list).toHaveLength(2);
  });

  it("of another version stay as they are", async () => {
    const file = join(await temporary(), "recent-networks.json");
    await writeFile(file, '{"version":2}');
    const recent = new RecentNetworks(file);
    expect(recent.problem).toMatch(/another version/);
    await expect(recent.add(opened("n"))).rejects.toThrow("another version");
    expect(await readFile(file, "utf8")).toBe('{"version":2}');
  });
});

describe("the app's command line", () => {
  it("names what is to be opened, after the app itself and without switches", () => {
    const cwd = "/home/me";
    const appPath = "/app";
    for (const [argv, paths] of [
      [["electron", "--no-sandbox", "/app"], []],
      [
        ["electron", "/app", "net.onnx", "--x=y", "/data/saved model"],
        ["/home/me/net.onnx", "/data/saved model"],
      ],
      [["electron", "../../app", "../net"], ["/home/net"]],
      [["/usr/bin/proxima-app", "net.pth"], ["/home/me/net.pth"]],
      [["/usr/bin/proxima-app"], []],
    ] as const)
      expect(pathsToOpen({ argv, cwd, appPath })).toEqual(paths);
    const many = Array.from({ length: 50 }, (_, i) => `${i}`);
    expect(pathsToOpen({ argv: ["x", ...many], cwd, appPath })).toHaveLength(
      10,
    );
  });
});

describe("what is dropped", () => {
  it("is a gallery where it holds one, and else a network", async () => {
    const folder = await temporary();
    expect(await kindOfDropped(folder)).toBe("network");
    expect(await kindOfDropped(join(folder, "model.json"))).toBe("network");
    expect(await kindOfDropped(join(folder, "gallery.json"))).toBe("gallery");
    await mkdir(join(folder, "gallery.json"));
    expect(await kindOfDropped(folder)).toBe("network");
    await rmdir(join(folder, "gallery.json"));
    await writeFile(join(folder, "gallery.json"), "{}");
    expect(await kindOfDropped(folder)).toBe("gallery");
  });
});

describe("exports", () => {
  it("go into a file or a folder, as the format needs", () => {
    const kinds = exportFormatSchema.options.map((format) => {
      const target = exportTarget(format);
      return [format, target.kind === "file" ? target.extension : "folder"];
    });
    expect(Object.fromEntries(kinds)).toEqual({
      png: "folder",
      sheet: "png",
      html: "html",
      records: "folder",
      csv: "csv",
      npy: "folder",
    });
  });

  it.each([
    ["Gallery 3", "Gallery 3"],
    ["../../etc/passwd", "etc-passwd"],
    ["a\\b:c*d", "a-b-c-d"],
    [".hidden.", "hidden"],
    ["line\nbreak\u0000", "line-break"],
    ["...", "proxima"],
    ["", "proxima"],
    ["x".repeat(500), "x".repeat(120)],
  ])("%j is suggested as %j", (suggestion, name) => {
    expect(fileName(suggestion)).toBe(name);
  });
});

describe("the warning about an old Electron", () => {
  it.each([
    ["25.1.1", true],
    ["42.9.9", true],
    ["43.0.0", false],
    ["45.4.1", false],
    ["100.0.0", false],
  ])("%s: %s", (version, warns) => {
    const warning = electronWarning(version);
    expect(warning !== null).toBe(warns);
    if (warning) expect(warning).toContain(`Electron ${version}`);
  });
});
