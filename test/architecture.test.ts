/** Who may import whom, types included: ARCHITECTURE.md's table as data. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  findCycles,
  importsOf,
  readSources,
  type Import,
  type Sources,
} from "./support/imports";

/** A part of the tree, the longest matching path first; what it may import; files of its own folder always. */
interface Part {
  readonly path: string;
  /** Files or folders ("src/shared/") of other parts. */
  readonly files: readonly string[];
  /** Modules by name, a folder of modules as "node:" or "svelte/". */
  readonly modules: readonly string[];
}

const shared = "src/shared/";
const engine = "src/engine/index.ts";

const parts: readonly Part[] = [
  { path: "src/shared/", files: [], modules: ["zod"] },
  {
    path: "src/engine/",
    files: ["src/engine/", shared],
    modules: ["@tensorflow/tfjs-core", "pure-rand/"],
  },
  {
    // readers of containers: protobuf and zip
    path: "src/engine/formats/",
    files: ["src/engine/network/", shared],
    modules: ["@zip.js/zip.js", "protobufjs/minimal.js"],
  },
  {
    // the one file that opens a backend
    path: "src/main/host/backend.ts",
    files: ["src/main/host/", engine, shared],
    modules: ["node:", "@tensorflow/"],
  },
  {
    path: "src/main/host/",
    files: [
      "src/main/host/backend.ts",
      "src/main/write-whole.ts",
      "src/main/lock.mjs",
      "src/main/set-aside.ts",
      engine,
      shared,
    ],
    modules: ["node:", "@tensorflow/tfjs-core", "sharp", "zod"],
  },
  { path: "src/main/write-whole.ts", files: [], modules: ["node:"] },
  { path: "src/main/set-aside.ts", files: [], modules: ["node:"] },
  // set-up takes locks before anything is installed
  { path: "src/main/lock.mjs", files: [], modules: ["node:"] },
  {
    path: "src/main/",
    files: ["src/main/write-whole.ts", "src/main/set-aside.ts", shared],
    modules: ["electron", "node:", "zod"],
  },
  { path: "src/preload/", files: [shared], modules: ["electron"] },
  {
    path: "src/renderer/state/",
    files: ["src/renderer/lib/", shared],
    modules: ["svelte", "svelte/"],
  },
  {
    path: "src/renderer/lib/",
    files: ["src/renderer/state/", shared],
    modules: ["svelte", "svelte/"],
  },
  {
    path: "src/renderer/components/",
    files: ["src/renderer/state/", "src/renderer/lib/", shared],
    modules: ["svelte", "svelte/"],
  },
  {
    path: "src/renderer/workspaces/",
    files: [
      "src/renderer/components/",
      "src/renderer/state/",
      "src/renderer/lib/",
      shared,
    ],
    modules: ["svelte", "svelte/"],
  },
  {
    // the window's entry puts the parts together
    path: "src/renderer/",
    files: ["src/renderer/", shared],
    modules: ["svelte", "svelte/"],
  },
  {
    path: "src/cli/",
    files: ["src/main/host/", engine, shared],
    modules: ["node:"],
  },
];

/** Only these may be imported for what they do by components and workspaces, which see the engine through state. */
const port = ["src/shared/rpc.ts", "src/shared/rpc/", "src/shared/port.ts"];

/** One line for each import that crosses a fence. */
function violations(sources: Sources, files = sources): string[] {
  return importsOf(sources, files).flatMap((found) => {
    const problem = problemOf(found);
    return problem ? [`${found.from}:${found.line} ${problem}`] : [];
  });
}

function problemOf({ from, to, kind }: Import): string | null {
  const part = partOf(from);
  if (!part) return "lies in no part of the house";
  if (kind === "missing") return `imports ${to}, which does not exist`;
  if (kind === "module")
    return matches(part.modules, to) ? null : `may not import ${to}`;
  const inWindow = /^src\/renderer\/(components|workspaces)\//.test(from);
  if (inWindow && matches(port, to))
    return `may not import the port (${to}) directly`;
  const home = partOf(to)?.path;
  return home === part.path || matches(part.files, to)
    ? null
    : `may not import ${to}`;
}

function partOf(path: string): Part | undefined {
  return [...parts]
    .sort((a, b) => b.path.length - a.path.length)
    .find((part) => path.startsWith(part.path));
}

function matches(allowed: readonly string[], name: string): boolean {
  return allowed.some((entry) =>
    /[/:]$/.test(entry) ? name.startsWith(entry) : name === entry,
  );
}

const root = join(import.meta.dirname, "..");
const sources = readSources(root, "src");

describe("the import fences", () => {
  it("hold in the whole source tree", () => {
    // far fewer means that the reader went blind
    expect(importsOf(sources).length).toBeGreaterThan(300);
    expect(violations(sources)).toEqual([]);
  });

  it("leave no cycle, not even of types", () => {
    expect(findCycles(importsOf(sources))).toEqual([]);
  });

  it("keep Electron out of every test that runs in plain Node", () => {
    const tests = readSources(root, "test");
    const imports = importsOf(tests).filter(
      ({ from, to, typeOnly }) =>
        to === "electron" && !typeOnly && !from.startsWith("test/e2e/"),
    );
    expect(imports).toEqual([]);
  });
});

/** What the fences say about one made-up file beside the real ones. */
function judge(path: string, text: string): string[] {
  const made = new Map([[path, text]]);
  return violations(new Map([...sources, ...made]), made).map((line) =>
    line.replace(`${path}:`, ""),
  );
}

describe("a fence stops", () => {
  it.each([
    [
      "src/shared/x.ts",
      'import fs from "node:fs";',
      "1 may not import node:fs",
    ],
    [
      "src/engine/x.ts",
      '\n\nexport * from "node:fs";',
      "3 may not import node:fs",
    ],
    [
      "src/engine/x.ts",
      'type T = typeof import("@tensorflow/tfjs-node-gpu");',
      "1 may not import @tensorflow/tfjs-node-gpu",
    ],
    [
      "src/engine/x.ts",
      'import type { Port } from "../main/host/backend";',
      "1 may not import src/main/host/backend.ts",
    ],
    [
      "src/main/host/x.ts",
      'const { app } = require("electron");',
      "1 may not import electron",
    ],
    [
      "src/main/host/x.ts",
      'import { compile } from "../../engine/step/graph";',
      "1 may not import src/engine/step/graph.ts",
    ],
    [
      "src/main/host/x.ts",
      'await import("@tensorflow/tfjs-node-gpu");',
      "1 may not import @tensorflow/tfjs-node-gpu",
    ],
    [
      "src/main/x.ts",
      'import type { Backend } from "./host/backend";',
      "1 may not import src/main/host/backend.ts",
    ],
    ["src/preload/x.ts", 'import "node:path";', "1 may not import node:path"],
    [
      "src/renderer/state/x.svelte.ts",
      'import X from "../components/Popover.svelte";',
      "1 may not import src/renderer/components/Popover.svelte",
    ],
    [
      "src/renderer/components/X.svelte",
      '<p>import</p>\n<script lang="ts">\n  import { connect } from "../../shared/rpc";\n</script>',
      "3 may not import the port (src/shared/rpc.ts) directly",
    ],
    [
      "src/renderer/components/X.svelte",
      '<script lang="ts" module>\n  export { x } from "../workspaces";\n</script>',
      "2 may not import src/renderer/workspaces/index.ts",
    ],
    [
      "src/cli/x.ts",
      'import "../main/window";',
      "1 may not import src/main/window.ts",
    ],
    [
      "src/cli/x.ts",
      'import "./nowhere";',
      "1 imports src/cli/nowhere, which does not exist",
    ],
    ["src/else/x.ts", 'import "zod";', "1 lies in no part of the house"],
  ])("%s: %s", (path, text, problem) => {
    expect(judge(path, text)).toEqual([problem]);
  });

  it("Electron in a plain test, but not its types", () => {
    const made = new Map([
      ["test/a.test.ts", 'import type { App } from "electron";'],
      ["test/b.test.ts", '\nimport { type App } from "electron";'],
    ]);
    expect(
      importsOf(made).map(({ from, line, typeOnly }) => [from, line, typeOnly]),
    ).toEqual([
      ["test/a.test.ts", 1, true],
      ["test/b.test.ts", 2, false],
    ]);
  });

  it("a cycle, told once", () => {
    const made = new Map([
      ["src/shared/a.ts", 'import type { B } from "./b";'],
      ["src/shared/b.ts", 'export * from "./c";'],
      ["src/shared/c.ts", 'const a = import("./a");'],
      ["src/shared/d.ts", 'import "./a";'],
    ]);
    expect(findCycles(importsOf(made))).toEqual([
      [
        "src/shared/a.ts",
        "src/shared/b.ts",
        "src/shared/c.ts",
        "src/shared/a.ts",
      ],
    ]);
  });
});
