import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import vm from "node:vm";
import sharp from "sharp";
import { expect, test } from "vitest";
import { exportGallery } from "../../../../src/main/host/export";
import type { Contrast } from "../../../../src/shared/domain";
import {
  imageOf,
  makeGallery,
  temporary,
  type FixtureOptions,
} from "./fixture";
import { distance, levels } from "./fixture-reference";

async function page(
  options: FixtureOptions = {},
  contrast: Contrast = "sigma",
  runs: string[] | null = null,
): Promise<string> {
  const { folder } = await makeGallery(options);
  const out = join(await temporary(), "gallery.html");
  await exportGallery(
    { folder, runs, format: "html", contrast, out, overwrite: false },
    { signal: new AbortController().signal },
  );
  return readFile(out, "utf8");
}

function pictures(html: string) {
  return [...html.matchAll(/<img class="(\w+)"[^>]* src="([^"]*)"/g)].map(
    ([, rule = "", source = ""]) => ({ rule, source }),
  );
}

test("pictures are inside the page, ruled and raw, value for value", async () => {
  const found = pictures(await page());
  expect(found).toHaveLength(12);
  for (const [index, { rule, source }] of found.entries()) {
    const tile = Math.floor(index / 2);
    expect(rule).toBe(index % 2 === 0 ? "ruled" : "raw");
    const [head, base64 = ""] = source.split(",");
    expect(head).toBe("data:image/png;base64");
    const { data } = await sharp(Buffer.from(base64, "base64"))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const image = imageOf(Math.floor(tile / 3), tile % 3);
    const expected = levels(image, rule === "ruled" ? "sigma" : "raw");
    expect(distance(data, expected)).toBeLessThan(0.6);
  }
});

test("under the raw rule there is one picture a tile and nothing to switch", async () => {
  const html = await page({}, "raw");
  expect(pictures(html).map(({ rule }) => rule)).toEqual(Array(6).fill("raw"));
  expect(html.match(/type="radio"/g)).toHaveLength(1);
});

test("the page asks for nothing from outside, and its policy allows its own script alone", async () => {
  const html = await page();
  expect(html).not.toMatch(/https?:\/\//);
  expect(html).not.toMatch(/url\(|@import|<link|<iframe|<object/);
  const policy =
    /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ??
    "";
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)];
  expect(scripts).toHaveLength(1);
  const text = scripts[0]?.[1] ?? "";
  const hash = createHash("sha256").update(text).digest("base64");
  expect(policy.split("; ")).toEqual([
    "default-src 'none'",
    "img-src data:",
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${hash}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ]);
  // Compiles it, and runs nothing.
  expect(() => new vm.Script(text)).not.toThrow();
  expect(html).not.toMatch(/\son\w+=/);
});

test("labels from strangers stay text", async () => {
  const label = `</strong><script>alert(1)</script>"'&`;
  const html = await page({ labels: [label] });
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).toContain(
    "<strong>&lt;/strong&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;</strong>",
  );
  expect(html).toContain("<title>Tiny &lt;Net&gt; &amp; Co: 3 pictures");
});

test("a tile shows its score, its difference and whether the network agrees", async () => {
  const html = await page({ labels: ["pelican"] });
  const text = html
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");
  expect(text).toContain("10.1 baseline top-1 ✓");
  expect(text).toContain("15.2 +50 % ✗ crane");
  expect(text).toContain("20.2 +100 % top-1 ✓");
  expect(text).toContain("score 20.246913578");
  expect(text).toContain("image std 0.0520");
  expect(text).toContain("rotation ±5° at 30 % of steps");
  expect(text).toContain("contrast ±3 σ");
  expect(text).toContain("licence CC BY 4.0");
});

test("traces of a row share an axis", async () => {
  const html = await page({
    labels: ["a"],
    change: (run) => ({ ...run, trace: [0, 10 * (run.tile.column + 1)] }),
  });
  const ends = [...html.matchAll(/points="0\.0,44\.0 100\.0,([\d.]+)"/g)].map(
    ([, y]) => Number(y),
  );
  expect(ends).toEqual([29.3, 14.7, 0]);
});

test("tiles without a picture are empty frames that say why", async () => {
  const whole = await page({
    labels: ["a", "b"],
    change: ({ ...run }) => (run.id === "run-0-1" ? null : run),
  });
  expect(whole.match(/<p class="none">no picture<\/p>/g)).toHaveLength(1);
  const chosen = await page({ labels: ["a", "b"] }, "sigma", [
    "run-0-1",
    "run-1-2",
  ]);
  expect(chosen.match(/<p class="none">not chosen<\/p>/g)).toHaveLength(2);
  // The first column was not chosen, but differences are still against it.
  expect(chosen).toContain('<p class="clear">+50 %</p>');
  expect(chosen.match(/<th scope="col">/g)).toHaveLength(2);
});

test("states are said", async () => {
  const html = await page({
    labels: ["a"],
    change: (run) => ({
      ...run,
      state:
        (["done", "silent", "cancelled"] as const)[run.tile.column] ?? "done",
      step: 2,
    }),
  });
  expect(html).toContain("silent at step 2");
  expect(html).toContain("stopped at step 2");
});

test("rows without any picture are left out, and counted", async () => {
  const html = await page({
    labels: ["a", "b", "c"],
    change: (run) => (run.tile.row === 1 ? run : null),
  });
  expect(html.match(/<th scope="row">/g)).toHaveLength(1);
  expect(html).toContain("2 of 3 rows have no picture and are left out.");
});
