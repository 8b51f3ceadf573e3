import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tailOf } from "../../../../src/shared/tail";
import { exportGallery } from "../../../../src/main/host/export";
import { makeGallery, temporary, type FixtureOptions } from "./fixture";

/** RFC 4180, strictly. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at < text.length;) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(text.slice(at));
    const field = quoted ?? /^[^",\r\n]*/.exec(text.slice(at));
    at += field?.[0].length ?? 0;
    row.push(quoted?.[1]?.replaceAll('""', '"') ?? field?.[0] ?? "");
    if (text[at] === ",") at++;
    else if (text.startsWith("\r\n", at)) {
      rows.push(row);
      row = [];
      at += 2;
    } else throw new Error(`not CSV at ${at}: ${text.slice(at, at + 20)}`);
  }
  return rows;
}

async function lines(
  options: FixtureOptions,
): Promise<Record<string, string>[]> {
  const { folder } = await makeGallery(options);
  const out = join(await temporary(), "scores.csv");
  await exportGallery(
    {
      folder,
      runs: null,
      format: "csv",
      contrast: "sigma",
      out,
      overwrite: false,
    },
    { signal: new AbortController().signal },
  );
  const [head = [], ...rows] = parse(await readFile(out, "utf8"));
  return rows.map((row) => {
    expect(row).toHaveLength(head.length);
    return Object.fromEntries(head.map((name, i) => [name, row[i] ?? ""]));
  });
}

test("one line a run, numbers as stored", async () => {
  const rows = await lines({});
  expect(rows).toHaveLength(6);
  expect(rows[2]).toEqual({
    gallery: "gallery-1",
    target: "100",
    minimise: "false",
    label: "pelican",
    head: "softmax",
    method: "proxygrad:0.1",
    forward_slope: "0",
    backward_slope: "0.1",
    state: "done",
    step: "4",
    score: "20.246913578",
    score_mean: "",
    score_std: "",
    score_steps: "",
    difference_to_first_column: "10.123456789",
    difference_std: "",
    difference_at_step: "4",
    top1: "true",
    probability: "0.75",
    gradient_norm: "0.0123",
    image_std: "0.052",
    seed: "7",
    steps: "4",
    step_size: "5",
    start_noise: "0.1",
    blur: "0.5",
    rotate: "5",
    rotate_probability: "0.3",
    batch: "8",
    precision: "float32",
    network: "Tiny <Net> & Co",
    network_hash: "ab".repeat(32),
    network_identity: "",
    preprocessing: "",
    assumptions: "",
    output: "",
    backend: "Native TensorFlow 2.21 · CPU",
    elapsed_ms: "1234.5",
  });
  expect(rows[0]?.["difference_to_first_column"]).toBe("0");
});

test("a run says how its network was fed and built", async () => {
  const [row] = await lines({
    labels: ["lion"],
    change: (run) => ({
      ...run,
      head: "sigmoid",
      network: {
        ...run.network,
        identity: "cd".repeat(32),
        preprocessing: {
          order: "BGR",
          mean: [103.939, 116.779, 123.68],
          std: [1, 1, 1],
        },
        assumptions: { activation: "leaky:0.1", heads: "6" },
        output: "logits",
      },
    }),
  });
  expect(row).toMatchObject({
    network_identity: "cd".repeat(32),
    preprocessing:
      "BGR, mean 103.9 / 116.8 / 123.7, std 1 / 1 / 1 (pixels in 0..255)",
    assumptions: "activation=leaky:0.1, heads=6",
    output: "logits",
    head: "sigmoid",
  });
});

test("a long run has a mean, and differences of means at the last common step", async () => {
  const line = (steps: number, slope: number) =>
    Array.from({ length: steps + 1 }, (_, k) => slope * k);
  const traces = [line(100, 1), line(40, 2), line(100, 3)];
  const rows = await lines({
    labels: ["lion"],
    change: (run) => {
      const trace = traces[run.tile.column] ?? [];
      const step = trace.length - 1;
      return { ...run, trace, step, kept: [step], tail: tailOf(trace) };
    },
  });
  expect(rows.map((row) => row["score_mean"])).toEqual(["95.5", "71", "286.5"]);
  expect(Number(rows[0]?.["score_std"])).toBeCloseTo(Math.sqrt(82.5 / 9), 12);
  expect(rows.map((row) => row["score_steps"])).toEqual(["10", "10", "10"]);
  // the second column stopped at step 40: both means are of 31..40
  expect(rows[1]).toMatchObject({
    difference_to_first_column: "35.5",
    difference_at_step: "40",
  });
  expect(rows[2]).toMatchObject({
    difference_to_first_column: "191",
    difference_at_step: "100",
  });
  expect(Number(rows[2]?.["difference_std"])).toBeCloseTo(
    Math.sqrt((10 * 82.5) / 9),
    9,
  );
});

test("every seed has its line, against the first column's run of its seed", async () => {
  const { folder, gallery, runs } = await makeGallery({ labels: ["lion"] });
  await writeFile(
    join(folder, "gallery.json"),
    JSON.stringify({ ...gallery, request: { ...gallery.request, seeds: 2 } }),
  );
  for (const run of runs) {
    const id = `${run.id}-s8`;
    const again = {
      ...run,
      id,
      seed: 8,
      tile: { ...run.tile, seed: 1 },
      trace: run.trace.map((score) => score + run.tile.column),
    };
    await cp(join(folder, run.id), join(folder, id), { recursive: true });
    await writeFile(join(folder, id, "run.json"), JSON.stringify(again));
  }
  const out = join(await temporary(), "seeds.csv");
  await exportGallery(
    {
      folder,
      runs: null,
      format: "csv",
      contrast: "sigma",
      out,
      overwrite: false,
    },
    { signal: new AbortController().signal },
  );
  const [head = [], ...rows] = parse(await readFile(out, "utf8"));
  const at = (row: string[], name: string) => row[head.indexOf(name)];
  expect(rows.map((row) => [at(row, "method"), at(row, "seed")])).toEqual([
    ["relu", "7"],
    ["relu", "8"],
    ["leaky:0.1", "7"],
    ["leaky:0.1", "8"],
    ["proxygrad:0.1", "7"],
    ["proxygrad:0.1", "8"],
  ]);
  const by = rows.map((row) => Number(at(row, "difference_to_first_column")));
  expect((by[3] ?? 0) - (by[2] ?? 0)).toBeCloseTo(1, 12);
  expect((by[5] ?? 0) - (by[4] ?? 0)).toBeCloseTo(2, 12);
});

test("labels with quotes, commas and line breaks come back as they were", async () => {
  const labels = ['a "b", c', "d\r\ne", "ü,✓"];
  const rows = await lines({ labels });
  expect(rows.map((row) => row["label"])).toEqual(
    labels.flatMap((label) => [label, label, label]),
  );
});

test.each([
  ...["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1"],
  // full-width signs, marks without a width, and a line of its own
  ...["\uff1d1", "\uff0b1", "\uff0d1", "\uff20A1", "\u200b=1", "\ufeff=1"],
  ...["cat\n=1", "cat\r\n @A1", "\u202e=1"],
])("a label like a formula is text: %j", async (label) => {
  const [row] = await lines({ labels: [label] });
  expect(row?.["label"]).toBe(`'${label}`);
});

test.each(["cat", "a-b", "a = b", "x@y", "\u2212x"])(
  "a label that is none stays as it is: %j",
  async (label) => {
    const [row] = await lines({ labels: [label] });
    expect(row?.["label"]).toBe(label);
  },
);

test("a negative number stays a number, an absent one is empty", async () => {
  const [row] = await lines({
    labels: ["lion"],
    change: (run) => ({ ...run, score: -3.5e-7, gradientNorm: null }),
  });
  expect(row).toMatchObject({ score: "-3.5e-7", gradient_norm: "" });
});

test("without a run in the first column there is no difference", async () => {
  const [row] = await lines({
    labels: ["lion"],
    change: (run) => (run.tile.column === 0 ? null : run),
  });
  expect(row).toMatchObject({
    method: "leaky:0.1",
    difference_to_first_column: "",
  });
});

test("a head without probability and top-1 has a column for neither; what is minimised says so", async () => {
  const [row] = await lines({
    labels: ["mass"],
    change: (run) => ({
      ...run,
      head: "value",
      target: { ...run.target, minimise: true },
      score: -2.5,
      top1: null,
      probability: null,
    }),
  });
  expect(row).toMatchObject({
    target: "100",
    minimise: "true",
    label: "mass",
    head: "value",
    score: "-2.5",
  });
  expect(row).not.toHaveProperty("top1");
  expect(row).not.toHaveProperty("probability");
});
