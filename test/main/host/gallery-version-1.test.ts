/** A gallery that version 1 of the records wrote, byte for byte, opens everywhere with the right new values. */
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { exportGallery } from "../../../src/main/host/export";
import { readGallery } from "../../../src/main/host/gallery-folder";
import { Library } from "../../../src/main/host/library";
import { proxima } from "../../cli/run";
import { temporaryFolders } from "../../support/temporary-folder";

const temporary = temporaryFolders();
const old = fileURLToPath(
  new URL("../../references/gallery-version-1", import.meta.url),
);
const id = "render-583c7288fd401149";
const { signal } = new AbortController();

async function json(...path: string[]): Promise<Record<string, unknown>> {
  // our own file
  return JSON.parse(await readFile(join(...path), "utf8")) as Record<
    string,
    unknown
  >;
}

/** What records of today hold and those of version 1 did not. */
const added = {
  version: 2,
  head: "softmax",
  seed: 7,
  batch: 8,
  top1: false,
};

/** Mean and standard deviation (n - 1) of the last ten scores, by Python's statistics. */
const tails = {
  "0-1-relu": [-0.4299991875886917, 0.03430035039570695, 10],
} as const;

describe("a gallery of version 1", () => {
  it("is the fixture it should be", async () => {
    expect(await json(old, "gallery.json")).toMatchObject({ version: 1 });
    const run = await json(old, "0-1-relu", "run.json");
    expect(run).toMatchObject({ version: 1 });
    for (const key of ["head", "seed", "batch", "tail"])
      expect(run).not.toHaveProperty(key);
  });

  it("opens with what version 1 did: one seed, padded batches, softmax", async () => {
    const { gallery, runs, damaged } = await readGallery(old);
    expect(damaged).toEqual([]);
    expect(gallery).toMatchObject({
      version: 3,
      networks: null,
      request: { seeds: 1, padBatch: true },
    });
    expect(runs.map((run) => run.id)).toEqual([
      "0-1-relu",
      "0-2-proxygrad-0.1",
      "1-1-relu",
      "1-2-proxygrad-0.1",
    ]);
    for (const run of runs) {
      expect(run).toMatchObject({
        ...added,
        network: { identity: null, assumptions: null, output: null },
        tile: { seed: 0 },
      });
      expect(run.tail?.steps).toBe(10);
    }
    const [mean, std, steps] = tails["0-1-relu"];
    expect(runs[0]?.tail?.mean).toBeCloseTo(mean, 12);
    expect(runs[0]?.tail?.std).toBeCloseTo(std, 12);
    expect(runs[0]?.tail?.steps).toBe(steps);
    // what was there stays to the last digit
    expect(runs[0]?.score).toBe(-0.381796658039093);
    expect(runs[0]?.probability).toBe(0.20095166936804845);
    expect(runs[0]?.top5[0]?.probability).toBe(0.3129561845068072);
  });

  it("lies in the library as it was stored", async () => {
    const root = await temporary();
    await cp(old, join(root, id), { recursive: true });
    const library = await Library.open(root);
    const { galleries, skipped } = await library.list();
    expect(skipped).toBe(0);
    expect(galleries).toHaveLength(1);
    expect(galleries[0]).toMatchObject({ id, runs: 4, labels: ["ant", "Bee"] });
    expect((await library.get(id))?.runs[0]).toMatchObject(added);
    const { step, bytes } = await library.picture(id, "0-1-relu", 6);
    expect(step).toBe(6);
    expect(bytes).toHaveLength(6 * 6 * 3 * 2);
    await library.delete(id);
    await library.restore(id);
    expect((await library.get(id))?.runs).toHaveLength(4);
  });

  it("is imported, and known again", async () => {
    const library = await Library.open(await temporary());
    const first = await library.import(old, { signal });
    expect(first).toMatchObject({ added: true, damaged: [] });
    const stored = await library.get(first.id);
    expect(stored?.runs[0]).toMatchObject(added);
    expect(
      await json(library.folder, first.id, "0-1-relu", "run.json"),
    ).toMatchObject(added);
    const second = await library.import(old, { signal });
    expect(second).toMatchObject({ added: false, id: first.id });
  });

  it("is exported as a table with today's columns", async () => {
    const out = join(await temporary(), "scores.csv");
    await exportGallery(
      {
        folder: old,
        runs: null,
        format: "csv",
        contrast: "sigma",
        out,
        overwrite: false,
      },
      { signal },
    );
    const [head = "", first = ""] = (await readFile(out, "utf8")).split("\r\n");
    const row = Object.fromEntries(
      head.split(",").map((name, i) => [name, first.split(",")[i]]),
    );
    expect(row).toMatchObject({
      target: "0",
      label: "ant",
      score: "-0.381796658039093",
      top1: "false",
      probability: "0.20095166936804845",
      seed: "7",
      batch: "8",
    });
  });

  it.each(["html", "sheet", "png", "npy", "records"] as const)(
    "is exported as %s",
    async (format) => {
      const out = join(await temporary(), "out");
      const outcome = await exportGallery(
        {
          folder: old,
          runs: null,
          format,
          contrast: "sigma",
          out,
          overwrite: false,
        },
        { signal },
      );
      expect(outcome).toMatchObject({ outcome: "written" });
      if (format !== "records") return;
      // the copy opens again
      expect((await readGallery(out)).runs[3]).toMatchObject(added);
    },
  );

  it("is merged", async () => {
    const out = join(await temporary(), "merged");
    const ran = await proxima(["merge", old, "--out", out, "--json"]);
    expect(ran.code).toBe(0);
    expect(ran.lines()).toEqual([
      { out, gallery: id, shards: 1, runs: 4, missing: [] },
    ]);
    const { gallery, runs } = await readGallery(out);
    expect(gallery.request).toMatchObject({ seeds: 1, padBatch: true });
    expect(runs).toHaveLength(4);
    expect(runs[0]).toMatchObject(added);
  });
});
