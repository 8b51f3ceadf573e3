import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
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
    label: "pelican",
    method: "proxygrad:0.1",
    forward_slope: "0",
    backward_slope: "0.1",
    state: "done",
    step: "4",
    score: "20.246913578",
    difference_to_first_column: "10.123456789",
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
    backend: "Native TensorFlow 2.21 · CPU",
    elapsed_ms: "1234.5",
  });
  expect(rows[0]?.["difference_to_first_column"]).toBe("0");
});

test("labels with quotes, commas and line breaks come back as they were", async () => {
  const labels = ['a "b", c', "d\r\ne", "ü,✓"];
  const rows = await lines({ labels });
  expect(rows.map((row) => row["label"])).toEqual(
    labels.flatMap((label) => [label, label, label]),
  );
});

test.each(["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])(
  "a label like a formula is text: %j",
  async (label) => {
    const [row] = await lines({ labels: [label] });
    expect(row?.["label"]).toBe(`'${label}`);
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
