import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { exportGallery } from "../../../../src/main/host/export";
import type { Contrast } from "../../../../src/shared/domain";
import { imageOf, makeGallery, temporary } from "./fixture";
import { distance, levels } from "./fixture-reference";

const { signal } = new AbortController();

async function pixels(path: string) {
  const { data, info } = await sharp(path)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, info };
}

test.each(["sigma", "percentile"] satisfies Contrast[])(
  "a tile under %s and its raw picture beside it, value for value",
  async (contrast) => {
    const { folder } = await makeGallery();
    const out = join(await temporary(), "tiles");
    const outcome = await exportGallery(
      { folder, runs: null, format: "png", contrast, out, overwrite: false },
      { signal },
    );
    const names = await readdir(out);
    expect(outcome).toMatchObject({ outcome: "written", files: 12 });
    expect(names).toHaveLength(12);
    for (const [row, label] of ["pelican-100", "analog_clock-101"].entries())
      for (const [column, method] of [
        "relu",
        "leaky-0.1",
        "proxygrad-0.1",
      ].entries())
        for (const rule of [contrast, "raw"] as const) {
          const { data, info } = await pixels(
            join(out, `${label}-${method}-${rule}.png`),
          );
          expect([info.height, info.width, info.channels]).toEqual([6, 8, 3]);
          expect(
            distance(data, levels(imageOf(row, column), rule)),
          ).toBeLessThan(0.6);
        }
  },
);

test("under the raw rule there is one picture a tile", async () => {
  const { folder } = await makeGallery({ labels: ["lion"] });
  const out = join(await temporary(), "tiles");
  await exportGallery(
    {
      folder,
      runs: null,
      format: "png",
      contrast: "raw",
      out,
      overwrite: false,
    },
    { signal },
  );
  expect((await readdir(out)).sort()).toEqual([
    "lion-100-leaky-0.1-raw.png",
    "lion-100-proxygrad-0.1-raw.png",
    "lion-100-relu-raw.png",
  ]);
});

test("a picture of one channel is grey", async () => {
  const { folder } = await makeGallery({ labels: ["lion"], shape: [6, 8, 1] });
  const out = join(await temporary(), "tiles");
  await exportGallery(
    {
      folder,
      runs: null,
      format: "png",
      contrast: "sigma",
      out,
      overwrite: false,
    },
    { signal },
  );
  const path = join(out, "lion-100-relu-sigma.png");
  expect(await sharp(path).metadata()).toMatchObject({
    channels: 1,
    space: "b-w",
  });
  const image = imageOf(0, 0, [6, 8, 1]);
  const { data } = await sharp(path)
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(distance(data, levels(image, "sigma"))).toBeLessThan(0.6);
});

test("a tile says what it is: label, method, network, licence and record", async () => {
  const label = `mug & "cup" <é>`;
  const { folder, runs } = await makeGallery({ labels: [label] });
  const out = join(await temporary(), "tiles");
  await exportGallery(
    {
      folder,
      runs: ["run-0-2"],
      format: "png",
      contrast: "sigma",
      out,
      overwrite: false,
    },
    { signal },
  );
  const [name = ""] = await readdir(out);
  const { xmp, exif } = await sharp(await readFile(join(out, name))).metadata();
  const text = unescape(xmp?.toString("utf8") ?? "");
  expect(text).toContain(`${label} (100), ProxyGrad 0.1, Tiny <Net> & Co`);
  expect(text).toContain("CC BY 4.0");
  const record: unknown = JSON.parse(
    />(\{.*\})</.exec(text)?.[1] ?? "not there",
  );
  expect(record).toMatchObject({ id: "run-0-2", score: runs[2]?.score });
  expect(exif?.toString("latin1")).toContain("target 100, proxygrad:0.1");
});

function unescape(xml: string): string {
  return xml
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&#xA;", "\n")
    .replaceAll("&amp;", "&");
}
