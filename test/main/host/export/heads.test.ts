/** What an export says of runs whose head has no classes that exclude each other, and of what is minimised. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exportGallery } from "../../../../src/main/host/export";
import { fileStems } from "../../../../src/main/host/export/names";
import { verdictOf } from "../../../../src/main/host/export/words";
import type { Head, RunRecord } from "../../../../src/shared/domain";
import { makeGallery, temporary } from "./fixture";

/** As the app writes records of such a head. */
function ofHead(head: Head, run: RunRecord): RunRecord {
  const probability = head === "sigmoid" ? 0.875 : null;
  return {
    ...run,
    head,
    top1: null,
    probability,
    top5: run.top5.map((one) => ({ ...one, probability })),
  };
}

async function exported(
  format: "html" | "sheet" | "csv" | "png",
  change: (run: RunRecord) => RunRecord,
) {
  const { folder } = await makeGallery({ labels: ["mass"], change });
  const out = join(await temporary(), "out");
  const outcome = await exportGallery(
    {
      folder,
      runs: null,
      format,
      contrast: "sigma",
      out,
      overwrite: false,
    },
    { signal: new AbortController().signal },
  );
  expect(outcome).toMatchObject({ outcome: "written" });
  return out;
}

async function words(change: (run: RunRecord) => RunRecord): Promise<string> {
  const html = await readFile(await exported("html", change), "utf8");
  const body = html.slice(html.indexOf("<body>"), html.indexOf("<dialog"));
  return body.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
}

test.each([
  ["value", "output"],
  ["map", "channel"],
] as const)(
  "the page of a %s head speaks of neither probability nor classes",
  async (head, unit) => {
    const text = await words((run) => ofHead(head, run));
    for (const word of [/probab/i, /top-1/i, /class/i, /logit/i])
      expect(text).not.toMatch(word);
    expect(text).toContain(`so that the ${unit}'s value rises`);
    expect(text).toContain(`Largest ${unit}s mass 10.1`);
  },
);

test("the page of a sigmoid head has each class's probability and no top-1", async () => {
  const text = await words((run) => ofHead("sigmoid", run));
  expect(text).toContain("probability 87.5 %");
  expect(text).not.toMatch(/top-1/i);
});

test("the page marks what is minimised, and says what the mark means", async () => {
  const lowered = await words((run) => ({
    ...run,
    top1: null,
    target: { ...run.target, minimise: true },
  }));
  expect(lowered).toContain("a minus sign in front of its name");
  // the gallery's own request is not minimised: only the runs are
  expect(lowered).not.toMatch(/top-1/i);
  expect(lowered).toContain("probability 75.0 %");
  const raised = await words((run) => run);
  expect(raised).not.toContain("minus sign");
  expect(raised).toContain("top-1 ✓");
  expect(raised).toContain("✗ crane");
});

test.each(["softmax", "sigmoid", "value", "map"] as const)(
  "a sheet and single pictures of a %s head are written",
  async (head) => {
    const change = (run: RunRecord) =>
      head === "softmax" ? run : ofHead(head, run);
    await exported("sheet", change);
    await exported("png", change);
  },
);

test.each([
  ["softmax", ["top1", "probability"]],
  ["sigmoid", ["probability"]],
  ["value", []],
  ["map", []],
] as const)(
  "the table of a %s head has columns for what the head has",
  async (head, has) => {
    const path = await exported("csv", (run) =>
      head === "softmax" ? run : ofHead(head, run),
    );
    const [first = "", second = ""] = (await readFile(path, "utf8")).split(
      "\r\n",
    );
    const names = first.split(",");
    expect(names.filter((name) => /top1|^prob/.test(name))).toEqual(has);
    // values stay below their names
    expect(second.split(",")[names.indexOf("head")]).toBe(head);
    expect(second.split(",")[names.indexOf("method")]).toBe("relu");
    expect(second.split(",")[names.indexOf("seed")]).toMatch(/^\d+$/);
  },
);

test("a verdict is top-1, the class that was preferred, or a probability", async () => {
  const { runs } = await makeGallery({ labels: ["mass"] });
  const [hit, miss] = runs;
  if (!hit || !miss) throw new Error("the fixture has runs");
  expect(verdictOf(hit)).toEqual({ text: "top-1", kind: "hit" });
  expect(verdictOf(miss)).toEqual({ text: "crane", kind: "miss" });
  expect(verdictOf(ofHead("sigmoid", hit))).toEqual({
    text: "probability 87.5 %",
    kind: "plain",
  });
  expect(verdictOf(ofHead("value", hit))).toBeNull();
  expect(verdictOf(ofHead("map", hit))).toBeNull();
});

test("a class and the same one minimised have names of their own", async () => {
  const { runs } = await makeGallery({ labels: ["mass"] });
  const [run] = runs;
  if (!run) throw new Error("the fixture has runs");
  const lowered = {
    ...run,
    target: { ...run.target, minimise: true as const },
  };
  expect(fileStems([run, lowered])).toEqual([
    "mass-100-relu",
    "mass-minus100-relu",
  ]);
});
