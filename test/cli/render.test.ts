import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockFile } from "../../src/main/host/folder-lock";
import { Library } from "../../src/main/host/library";
import { readNpy } from "../../src/main/host/npy";
import type { RunRecord } from "../../src/shared/domain";
import { storedGallery } from "../../src/shared/stored";
import { holdLock, killed } from "../support/hold-lock";
import { writeTinyNetwork } from "../support/tiny-network";
import { proxima } from "./run";

let root: string;
let net: string;
const at = (...parts: string[]) => join(root, ...parts);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "proxima-render-"));
  net = await writeTinyNetwork(at("net"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function render(out: string, ...more: string[]) {
  return proxima([
    "render",
    net,
    ...["--targets", "0,1,2,3"],
    ...["--methods", "relu,proxygrad:0.10"],
    ...["--steps", "5", "--batch", "2", "--step-size", "1", "--seed", "3"],
    ...["--out", at(out)],
    ...more,
  ]);
}
async function recordsIn(folder: string): Promise<Record<string, RunRecord>> {
  const records: Record<string, RunRecord> = {};
  for (const name of await readdir(at(folder)))
    if (name !== "gallery.json" && !name.startsWith("."))
      records[name] = JSON.parse(
        await readFile(at(folder, name, "run.json"), "utf8"),
      ) as RunRecord; // checked by the library's tests
  return records;
}
/** What may differ between two computations of the same run. */
function timeless(records: Record<string, RunRecord>) {
  return Object.fromEntries(
    Object.entries(records).map(([name, record]) => [
      name,
      { ...record, createdAt: "", elapsedMs: 0 },
    ]),
  );
}
async function sameBytes(a: string, b: string) {
  for (const name of await readdir(at(a)))
    if (name !== "gallery.json")
      for (const file of ["image.npy", "image.png", "steps.i16"])
        expect(await readFile(at(a, name, file)), `${name}/${file}`).toEqual(
          await readFile(at(b, name, file)),
        );
}

describe("proxima render", () => {
  it("prints a line for each run, with everything it wrote", async () => {
    const ran = await render("first", "--keep", "2", "--json");
    expect(ran.code).toBe(0);
    const lines = ran.lines();
    expect(lines.map((line) => [line["target"], line["method"]])).toEqual([
      [0, "relu"],
      [0, "proxygrad:0.10"],
      [1, "relu"],
      [1, "proxygrad:0.10"],
      [2, "relu"],
      [2, "proxygrad:0.10"],
      [3, "relu"],
      [3, "proxygrad:0.10"],
    ]);
    const records = await recordsIn("first");
    for (const line of lines) {
      expect(Object.keys(line)).toEqual([
        "target",
        "label",
        "method",
        "state",
        "score",
        "tail",
        "seed",
        "batch",
        "trace",
        "top1",
        "probability",
        "files",
      ]);
      const files = line["files"] as string[]; // as printed
      const record = JSON.parse(
        await readFile(files[0] ?? "", "utf8"),
      ) as RunRecord;
      expect(record).toEqual(records[record.id]);
      const { label, state, score, trace, top1, probability } = record;
      expect(line).toMatchObject({
        label,
        state,
        score,
        trace,
        top1,
        probability,
      });
      expect(trace).toHaveLength(6);
      expect(record.kept).toEqual([2, 4, 5]);
      const { shape, values } = readNpy(await readFile(files[2] ?? ""), "");
      expect(shape).toEqual([6, 6, 3]);
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1);
    }
    expect(ran.err).toContain("render 100 %");
    expect(ran.err).not.toContain("\r");
  });

  it("gives the same bytes again, shard by shard and merged", async () => {
    expect((await render("whole")).code).toBe(0);
    for (const shard of ["1/2", "2/2"])
      expect((await render(`shard${shard[0]}`, "--shard", shard)).code).toBe(0);
    expect(Object.keys(await recordsIn("shard1")).map((id) => id[0])).toEqual([
      "0",
      "0",
      "1",
      "1",
    ]);
    const merged = await proxima([
      "merge",
      at("shard2"),
      at("shard1"),
      "--out",
      at("merged"),
      "--json",
    ]);
    expect(merged.code).toBe(0);
    expect(merged.err).not.toContain("missing");
    expect(merged.lines()).toEqual([
      expect.objectContaining({
        out: at("merged"),
        shards: 2,
        runs: 8,
        missing: [],
      }),
    ]);
    await sameBytes("whole", "merged");
    expect(await readdir(at("merged"))).toEqual(await readdir(at("whole")));
    expect(timeless(await recordsIn("merged"))).toEqual(
      timeless(await recordsIn("whole")),
    );
    const gallery = async (folder: string) => ({
      ...(JSON.parse(
        await readFile(at(folder, "gallery.json"), "utf8"),
      ) as object),
      createdAt: "",
    });
    expect(await gallery("merged")).toEqual(await gallery("whole"));
  });

  it("compiles one step for all batches, balances them, and pads only to an explicit batch", async () => {
    const small = [
      ...["render", net, "--targets", "0,1,2", "--methods", "relu"],
      ...["--steps", "2"],
    ];
    const batches = async (folder: string) =>
      Object.values(await recordsIn(folder)).map(({ batch }) => batch);
    const balanced = await proxima([...small, "--out", at("balanced")]);
    expect(balanced.err).toContain("proxima: compiled 1 step\n");
    expect(await batches("balanced")).toEqual([3, 3, 3]);
    const padded = [...small, "--batch", "2", "--out", at("padded")];
    const ran = await proxima(padded);
    expect(ran.err).toContain("proxima: compiled 1 step\n");
    expect(await batches("padded")).toEqual([2, 2, 2]);
  });

  it("runs several seeds, whose runs equal those of each seed alone", async () => {
    const seeds = ["--seeds", "3", "--rotate", "20", "--json"];
    const ran = await render("seeds", ...seeds);
    expect(ran.code).toBe(0);
    expect(ran.lines()).toHaveLength(24);
    expect(ran.lines()[0]).toMatchObject({ target: 0, seed: 3 });
    const records = await recordsIn("seeds");
    expect(Object.keys(records).filter((id) => id.startsWith("2-1"))).toEqual([
      "2-1-relu-s3",
      "2-1-relu-s4",
      "2-1-relu-s5",
    ]);
    for (const seed of [3, 4, 5]) {
      await proxima([
        ...["render", net, "--targets", "0,1,2,3", "--rotate", "20"],
        ...["--methods", "relu,proxygrad:0.10", "--steps", "5"],
        ...["--batch", "2", "--step-size", "1", "--seed", `${seed}`],
        ...["--out", at(`seed${seed}`)],
      ]);
      for (const id of Object.keys(await recordsIn(`seed${seed}`))) {
        expect(records[`${id}-s${seed}`]?.seed).toBe(seed);
        expect(
          await readFile(at("seeds", `${id}-s${seed}`, "image.npy")),
        ).toEqual(await readFile(at(`seed${seed}`, id, "image.npy")));
      }
    }
    const shards = ["1/2", "2/2"].map((shard) => [`s${shard[0]}`, shard]);
    for (const [out = "", shard = ""] of shards)
      await render(out, ...seeds, "--shard", shard);
    const merged = await proxima([
      ...["merge", at("s1"), at("s2"), "--out", at("seeds-merged")],
    ]);
    expect(merged.err).not.toContain("missing");
    await sameBytes("seeds", "seeds-merged");
    const library = await Library.open(at("seeds-library"));
    const { signal } = new AbortController();
    const { id, damaged } = await library.import(at("seeds"), { signal });
    expect(damaged).toEqual([]);
    expect((await library.get(id))?.runs).toHaveLength(24);
  });

  it("leaves a shard beyond the batches empty, and merges it", async () => {
    const shards = ["1/3", "2/3", "3/3"];
    for (const shard of shards) {
      const ran = await render(`few${shard[0]}`, "--shard", shard);
      expect(ran.code).toBe(0);
    }
    expect(await recordsIn("few3")).toEqual({});
    const ran = await proxima(
      ["merge", at("few3"), at("few1"), at("few2"), "--out", at("few")],
      {},
    );
    expect(ran.code).toBe(0);
    expect(ran.err).not.toContain("missing");
    await render("few-whole");
    await sameBytes("few-whole", "few");
  });

  it("writes what opens as a gallery in the library, a shard too", async () => {
    expect((await render("opens")).code).toBe(0);
    expect((await render("opens2", "--shard", "2/2")).code).toBe(0);
    const library = await Library.open(at("library"));
    const { signal } = new AbortController();
    const whole = await library.import(at("opens"), { signal });
    expect(whole).toMatchObject({ added: true, damaged: [] });
    const records = Object.values(await recordsIn("opens"));
    const stored = await library.get(whole.id);
    expect(stored?.runs.map((run) => [run.id, run.score]).sort()).toEqual(
      records.map((run) => [run.id, run.score]).sort(),
    );
    // The same name, but not the same gallery.
    const shard = await library.import(at("opens2"), { signal });
    expect(shard).toMatchObject({ added: true, damaged: [] });
    expect(shard.id).not.toBe(whole.id);
    expect((await library.get(shard.id))?.runs).toHaveLength(4);
  });

  it("prints silent runs like the others", async () => {
    const silent = await writeTinyNetwork(at("silent"), { bias: -100 });
    const ran = await proxima([
      "render",
      silent,
      "--targets",
      "0",
      "--methods",
      "relu,proxygrad:1",
      "--step-size",
      "5",
      "--steps",
      "2",
      "--out",
      at("quiet"),
      "--json",
    ]);
    expect(ran.code).toBe(0);
    expect(ran.lines()).toMatchObject([
      { state: "silent", trace: [expect.any(Number)] },
      { state: "done", trace: { length: 3 } },
    ]);
  });

  it("cancels within a step, keeps the pictures and says 130", async () => {
    const abort = new AbortController();
    const ran = await proxima(
      [
        "render",
        net,
        "--targets",
        "0,1",
        "--methods",
        "relu",
        "--step-size",
        "5",
        "--steps",
        "100000",
        "--out",
        at("cancelled"),
        "--json",
      ],
      {
        signal: abort.signal,
        onOutput: (text) => {
          if (text.startsWith("render ")) abort.abort();
        },
      },
    );
    expect(ran.code).toBe(130);
    expect(ran.err).toContain("2 pictures are kept");
    const lines = ran.lines();
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line["state"]).toBe("cancelled");
      expect((line["trace"] as number[]).length).toBeLessThan(100_000);
      for (const file of line["files"] as string[]) await readFile(file);
    }
  });

  it("takes an interrupt for a cancel", async () => {
    const ran = await proxima(
      [
        "render",
        net,
        "--targets",
        "0",
        "--methods",
        "relu",
        "--step-size",
        "5",
        "--steps",
        "100000",
        "--out",
        at("interrupted"),
      ],
      {
        onOutput: (text) => {
          if (text.startsWith("render ")) process.emit("SIGINT");
        },
      },
    );
    expect(ran.code).toBe(130);
    expect(Object.values(await recordsIn("interrupted"))).toMatchObject([
      { state: "cancelled" },
    ]);
  });

  it("draws a bar on a terminal, and takes it away", async () => {
    const { err } = await proxima(
      [
        "render",
        net,
        "--targets",
        "0",
        "--methods",
        "relu",
        "--step-size",
        "5",
        "--steps",
        "3",
        "--out",
        at("bar"),
      ],
      { terminal: true },
    );
    expect(err).toContain("█");
    expect(err.endsWith("\r\x1b[2Kproxima: compiled 1 step\n")).toBe(true);
  });

  it("has a folder to itself: of two at once one is refused, with --force too", async () => {
    const folder = at("contended");
    const both = await Promise.all(
      ["relu", "leaky:0.1"].map((method) =>
        proxima([
          ...["render", net, "--targets", "0,1", "--methods", method],
          ...["--steps", "4", "--batch", "1", "--out", folder],
        ]),
      ),
    );
    expect(both.map(({ code }) => code).sort()).toEqual([0, 2]);
    const ids = Object.keys(await recordsIn("contended"));
    expect(ids).toHaveLength(2);
    expect(new Set(ids.map((id) => id.slice(2))).size).toBe(1);
    const other = await holdLock(join(folder, lockFile));
    const refused = await render("contended", "--force");
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(
      /Another Proxima \(process \d+ on .+\) is writing into .*contended/,
    );
    expect(Object.keys(await recordsIn("contended"))).toEqual(ids);
    // a merge into it too
    const merged = await proxima([
      ...["merge", at("first"), "--out", folder, "--force"],
    ]);
    expect(merged.code).toBe(2);
    expect(merged.err).toContain("Another Proxima");
    await killed(other);
  });

  it("goes on where it was cut off: finished runs are kept, and the bytes are those of one go", async () => {
    expect((await render("whole-go")).code).toBe(0);
    expect((await render("resumed")).code).toBe(0);
    const times = async () =>
      Object.values(await recordsIn("resumed")).map((run) => run.createdAt);
    const before = await times();
    const again = await render("resumed");
    expect(again.code).toBe(0);
    expect(again.err).toContain("8 finished runs are kept");
    expect(await times()).toEqual(before);
    // of the second batch one run is gone and one damaged; the first batch stays
    await rm(at("resumed", "2-1-relu"), { recursive: true });
    await writeFile(at("resumed", "3-1-relu", "image.npy"), "cut");
    const mended = await render("resumed", "--json");
    expect(mended.code).toBe(0);
    expect(mended.lines().map((line) => line["target"])).toEqual([2, 2, 3, 3]);
    const after = await recordsIn("resumed");
    expect(after["0-1-relu"]?.createdAt).toBe(before[0]);
    expect(timeless(after)).toEqual(timeless(await recordsIn("whole-go")));
    await sameBytes("whole-go", "resumed");
  });

  it.each([
    [["--seed", "4"], "--seed 3 there, 4 asked for"],
    [["--steps", "6"], "--steps 5 there, 6 asked for"],
    [["--step-size", "2"], "--step-size 1 there, 2 asked for"],
    [["--shard", "1/2"], "--shard none there, 1/2 asked for"],
  ])(
    "refuses a folder of another gallery and names the difference: %j",
    async (flags, why) => {
      expect((await render("differs")).code).toBe(0);
      const before = await recordsIn("differs");
      const refused = await proxima([
        ...["render", net, "--targets", "0,1,2,3"],
        ...["--methods", "relu,proxygrad:0.10", "--batch", "2"],
        ...["--out", at("differs")],
        ...Object.entries({
          "--steps": "5",
          "--step-size": "1",
          "--seed": "3",
          ...Object.fromEntries([flags as [string, string]]),
        }).flat(),
      ]);
      expect(refused.code).toBe(2);
      expect(refused.err).toContain(`holds another gallery: ${why}.`);
      expect(await recordsIn("differs")).toEqual(before);
    },
  );

  it("refuses a folder with a foreign file beside the same gallery", async () => {
    expect((await render("foreign")).code).toBe(0);
    await writeFile(at("foreign", "notes.txt"), "mine");
    const refused = await render("foreign");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("it holds notes.txt");
  });

  it("needs --force for a folder that is not empty, and then replaces only its own", async () => {
    const folder = at("forced");
    await mkdir(folder);
    await writeFile(join(folder, "notes.txt"), "mine");
    const refused = await render("forced");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("--force");
    expect((await render("forced", "--force")).code).toBe(0);
    expect(
      (await render("forced", "--force", "--targets=0", "--targets=1")).code,
    ).toBe(2);
    const other = await proxima([
      "render",
      net,
      "--targets",
      "3",
      "--methods",
      "leaky:0.1",
      "--step-size",
      "5",
      "--steps",
      "1",
      "--out",
      folder,
      "--force",
    ]);
    expect(other.code).toBe(0);
    expect((await readdir(folder)).sort()).toEqual([
      "3-1-leaky-0.1",
      "gallery.json",
      "notes.txt",
    ]);
    const later = JSON.stringify({
      format: "proxima-gallery",
      version: storedGallery.version + 1,
    });
    await writeFile(join(folder, "gallery.json"), later);
    const newer = await render("forced", "--force");
    expect(newer.code).toBe(3);
    expect(newer.err).toContain(`version ${storedGallery.version + 1}`);
    expect(await readFile(join(folder, "gallery.json"), "utf8")).toBe(later);
  });

  it.each([
    [["--steps", "0"], 2, "--steps must be a whole number from 1"],
    [["--step-size", "0"], 2, "--step-size must be a number above 0"],
    [["--blur", "x"], 2, "--blur must be"],
    [["--seed", "-1"], 2, "--seed"],
    [["--seeds", "0"], 2, "--seeds must be a whole number from 1"],
    [["--precision", "float16"], 2, "float32, bfloat16"],
    [["--shard", "3/2"], 2, "--shard must be I/N"],
    [["--targets", "9"], 2, "no class 9"],
    [["--targets", "cat"], 2, "several classes"],
    [["--methods", "relu,leaky:1.5"], 2, "from 0 to 1"],
    [
      ["--methods", Array.from({ length: 17 }, () => "relu").join()],
      2,
      "At most 16",
    ],
    [["--out", "/dev/null/x"], 3, "could not be written"],
    [["--out", ""], 2, "--out is missing"],
  ])("refuses %j before it computes", async (flags, code, said) => {
    const base = new Map([
      ["--targets", "0"],
      ["--methods", "relu"],
      ["--steps", "2"],
      ["--out", at("refused")],
    ]);
    for (let i = 0; i < flags.length; i += 2)
      base.set(flags[i] ?? "", flags[i + 1] ?? "");
    const ran = await proxima(["render", net, ...[...base].flat(), "--json"]);
    expect(ran.code).toBe(code);
    expect(ran.out).toBe("");
    expect(ran.err).toContain(said);
    expect(await readdir(root)).not.toContain("refused");
  });
});

describe("proxima merge", () => {
  it("refuses what does not belong together", async () => {
    const small = [
      "--targets",
      "0,1,2,3",
      "--methods",
      "relu",
      "--step-size",
      "5",
      "--steps",
      "1",
      "--batch",
      "1",
    ];
    const make = (out: string, ...more: string[]) =>
      proxima(["render", net, ...small, "--out", at(out), ...more]);
    await make("a", "--shard", "1/3");
    await make("b", "--shard", "2/3");
    await make("other-seed", "--shard", "2/3", "--seed", "5");
    await make("other-count", "--shard", "2/2");
    const merge = (...folders: string[]) =>
      proxima(["merge", ...folders.map((f) => at(f)), "--out", at("out")]);
    for (const [folders, code, said] of [
      [["a", "other-seed"], 3, "its settings differ"],
      [["a", "other-count"], 3, "another number of shards"],
      [["a", "a"], 2, "are both shard 1"],
      [["a", "net"], 3, "gallery.json"],
      [["a", "none"], 3, "gallery.json"],
    ] as const) {
      const ran = await merge(...folders);
      expect(ran.code).toBe(code);
      expect(ran.err).toContain(said);
    }
    expect(await readdir(root)).not.toContain("out");
    const own = await proxima([
      "merge",
      at("a"),
      at("b"),
      "--out",
      at("a"),
      "--force",
    ]);
    expect(own.code).toBe(2);
    const partial = await merge("a", "b");
    expect(partial.code).toBe(0);
    expect(partial.err).toContain("1 runs are missing, the first is 2-1-relu");
  });
});

describe("proxima export", () => {
  it("writes files and folders, and replaces single files only", async () => {
    expect((await render("shown")).code).toBe(0);
    for (const format of ["html", "sheet", "csv"]) {
      const out = at(`shown.${format}`);
      await writeFile(out, "old");
      const ran = await proxima([
        "export",
        at("shown"),
        "--format",
        format,
        "--out",
        out,
        "--json",
      ]);
      expect(ran.code).toBe(0);
      expect(ran.lines()[0]).toMatchObject({ format, out, files: 1 });
      expect((await readFile(out)).length).toBe(ran.lines()[0]?.["bytes"]);
    }
    for (const format of ["png", "npy", "records"]) {
      const run = (...more: string[]) =>
        proxima([
          "export",
          at("shown"),
          "--format",
          format,
          "--out",
          at(`shown-${format}`),
          ...more,
        ]);
      expect((await run()).code).toBe(0);
      const again = await run();
      expect(again.code).toBe(2);
      expect(again.err).toContain("--force");
      expect((await run("--force")).code).toBe(0);
    }
  });

  it.each([
    [["--format", "gif", "--out", "x"], 2, "html"],
    [["--out", "x"], 2, "--format is missing"],
    [["--format", "csv"], 2, "--out is missing"],
    [
      ["--format", "csv", "--out", "/dev/null/x.csv"],
      3,
      "could not be written",
    ],
  ])("refuses %j", async (flags, code, said) => {
    const ran = await proxima(["export", at("shown"), ...flags]);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(said);
  });

  it("refuses a folder that is no gallery", async () => {
    const ran = await proxima([
      "export",
      at("net"),
      "--format",
      "csv",
      "--out",
      at("n.csv"),
    ]);
    expect(ran.code).toBe(3);
    expect(ran.err).toContain("gallery.json");
  });
});
