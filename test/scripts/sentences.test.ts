import { describe, expect, it } from "vitest";
import { nodeRefusal } from "../../scripts/lib/enter.mjs";
import { requireSpace } from "../../scripts/lib/files.mjs";
import { explainBuild } from "../../scripts/setup/binding.mjs";
import { explainNpm } from "../../scripts/setup/packages.mjs";
import {
  debianNames,
  missingLibraries,
} from "../../scripts/setup/system-libraries.mjs";
import { platformRefusal } from "../../scripts/setup/toolchain.mjs";
import { explainPip } from "../../scripts/setup/wheels.mjs";
import {
  explainLaunch,
  rootRefusal,
  thisDesk,
} from "../../scripts/start/desk.mjs";

/** One sentence: one line, ends with a full stop, names a remedy after the colon. */
const sentence = /^[^\n]+: [^\n]+\.$/;

describe("Node", () => {
  it.each(["20.19.0", "20.20.2", "22.12.0", "24.0.0", "100.0.0"])(
    "%s is new enough",
    (version) => expect(nodeRefusal(version)).toBeNull(),
  );
  it.each(["20.18.3", "18.20.8", "14.21.3", "9.0.0"])(
    "%s is refused",
    (version) => {
      expect(nodeRefusal(version)).toMatch(sentence);
      expect(nodeRefusal(version)).toContain(`Node ${version}`);
      expect(nodeRefusal(version)).toContain("20.19");
    },
  );
});

describe("the space on a disk", () => {
  const disk = (free: number) => () => ({ bavail: free / 4096, bsize: 4096 });

  it("is enough when it is exactly what is needed", () => {
    const need = () => requireSpace("/there", 4096e3, "it", disk(4096e3));
    expect(need).not.toThrow();
  });
  it("is refused with both sizes when one block is missing", () => {
    const need = () =>
      requireSpace("/there", 1180e6, "native TensorFlow", disk(104.8576e6));
    expect(need).toThrow(sentence);
    expect(need).toThrow(
      "The disk of /there has 105 MB free and native TensorFlow needs 1,180 MB",
    );
  });
});

describe("what npm printed", () => {
  it.each([
    ["npm error code ENOSPC\nnpm error nospc no space left", "disk"],
    ["npm error code EINTEGRITY sha512-abc integrity checksum", "hash"],
    ["npm error code EACCES\nnpm error syscall mkdir", "may not write"],
    ["npm error code EUSAGE\nnpm error `npm ci` can only", "disagree"],
    ["npm error code ECONNREFUSED\nnpm error errno", "could not be reached"],
    ["npm error code E503 Service Unavailable", "could not be reached"],
    ["npm error code E404\nnpm error 404 Not Found", "does not have every"],
    ["npm error something new", ".proxima/setup.log"],
  ])("%s", (output, part) => {
    expect(explainNpm(output)).toMatch(sentence);
    expect(explainNpm(output)).toContain(part);
  });
});

describe("what pip printed", () => {
  const notFound =
    "ERROR: Could not find a version that satisfies the requirement tensorflow-cpu==2.21.0\nERROR: No matching distribution found";
  it.each([
    [
      `WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError('refused')'\n${notFound}`,
      "could not be reached",
    ],
    [notFound, "does not have the TensorFlow"],
    ["OSError: [Errno 28] No space left on device", "disk"],
    ["no such option: --platform", "too old"],
    ["something new", ".proxima/setup.log"],
  ])("%s", (output, part) => {
    expect(explainPip(output)).toMatch(sentence);
    expect(explainPip(output)).toContain(part);
  });
});

describe("what node-gyp printed", () => {
  it.each([
    [
      "gyp http GET https://nodejs.org/download/release/v24.0.0/node-v24.0.0-headers.tar.gz\ngyp ERR! stack network",
      "headers of Node",
    ],
    ["gyp ERR! stack Error: not found: make", "make"],
    [
      "../binding/tfjs_backend.cc:12: error: 'x' is not\ngyp ERR! stack Error: `make` failed with exit code: 2",
      "C++17",
    ],
    ["fatal error: No space left on device", "disk"],
  ])("%s", (output, part) => {
    expect(explainBuild(output)).toMatch(sentence);
    expect(explainBuild(output)).toContain(part);
  });
});

describe("the platform", () => {
  const linux = { platform: "linux", arch: "x64", glibc: "2.36" };
  it("is fine on Linux with a current glibc", () => {
    expect(platformRefusal(linux)).toBeNull();
    expect(platformRefusal({ ...linux, glibc: "2.27" })).toBeNull();
  });
  it.each([
    [{ ...linux, glibc: "2.26" }, "glibc 2.26"],
    [{ ...linux, glibc: undefined }, "another C library"],
    [{ ...linux, arch: "arm64" }, "linux on arm64"],
    [{ ...linux, platform: "darwin" }, "darwin on x64"],
  ])("%o is refused", (machine, part) => {
    expect(platformRefusal(machine)).toMatch(sentence);
    expect(platformRefusal(machine)).toContain(part);
  });
});

describe("the system's libraries", () => {
  it("are read from the loader's list", () => {
    const output =
      "\tlinux-vdso.so.1 (0x1)\n\tlibgtk-3.so.0 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x2)\n\tlibnss3.so => not found\n";
    expect(missingLibraries(output)).toEqual(["libgtk-3.so.0", "libnss3.so"]);
  });
  it("have new names where the distribution renamed them", () => {
    const names = debianNames(new Set(["libgtk-3-0t64", "libnss3", "xvfb"]));
    expect(names).toContain("libgtk-3-0t64");
    expect(names).not.toContain("libgtk-3-0");
    expect(names).toContain("libasound2");
    expect(names).toHaveLength(9);
  });
});

describe("the desk", () => {
  const linux = { platform: "linux", uid: 1000 };
  it("has a display under X and under Wayland", () => {
    const env = (extra: NodeJS.ProcessEnv) =>
      thisDesk({ ...linux, env: extra }).display;
    expect(env({ DISPLAY: ":0" })).toBe(true);
    expect(env({ WAYLAND_DISPLAY: "wayland-0" })).toBe(true);
    expect(env({ DISPLAY: "" })).toBe(false);
    expect(env({})).toBe(false);
  });
  it("always has one elsewhere", () => {
    expect(thisDesk({ platform: "darwin", env: {}, uid: 0 })).toEqual({
      display: true,
      root: false,
      noSandbox: false,
    });
  });
  it("refuses root unless the sandbox is given up by name", () => {
    const root = (env: NodeJS.ProcessEnv) =>
      rootRefusal(thisDesk({ ...linux, uid: 0, env }));
    expect(root({ DISPLAY: ":0" })).toMatch(/normal user/);
    expect(root({ DISPLAY: ":0", PROXIMA_NO_SANDBOX: "1" })).toBeNull();
    expect(root({})).toBeNull();
    expect(rootRefusal(thisDesk({ ...linux, env: { DISPLAY: ":0" } }))).toBe(
      null,
    );
  });
});

describe("what Electron printed before it ended", () => {
  const electron = "/cache/electron/electron";
  it.each([
    [
      "electron: error while loading shared libraries: libgtk-3.so.0: cannot open shared object file",
      "libgtk-3.so.0",
    ],
    [
      "[1:0101/FATAL:setuid_sandbox_host.cc(158)] The SUID sandbox helper binary was found, but is not configured correctly.",
      "/cache/electron/chrome-sandbox",
    ],
    [
      "[1:ERROR:ozone_platform_x11.cc(239)] Missing X server or $DISPLAY",
      "xvfb-run",
    ],
  ])("%s", (output, part) => {
    expect(explainLaunch(output, electron)).toMatch(sentence);
    expect(explainLaunch(output, electron)).toContain(part);
  });
  it("is shown as it is where it is not known", () => {
    expect(explainLaunch("Segmentation fault", electron)).toBeNull();
  });
});
