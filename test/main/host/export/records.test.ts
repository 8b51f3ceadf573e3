import { readdir, readFile, writeFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exportGallery } from "../../../../src/main/host/export";
import { openGallery } from "../../../../src/main/host/export/source";
import { readNpy } from "../../../../src/main/host/npy";
import { imageOf, makeGallery, temporary } from "./fixture";

const { signal } = new AbortController();

test("records are a gallery that opens again, byte for byte", async () => {
  const { folder, gallery, runs } = await makeGallery();
  const out = join(await temporary(), "copy");
  const outcome = await exportGallery(
    {
      folder,
      runs: null,
      format: "records",
      contrast: "raw",
      out,
      overwrite: false,
    },
    { signal },
  );
  expect(outcome).toMatchObject({ outcome: "written", files: 25 });
  const again = await openGallery(out, null, { signal });
  expect(again.gallery).toEqual(gallery);
  expect(again.runs).toEqual(runs);
  for (const { id } of runs) {
    expect((await readdir(join(out, id))).sort()).toEqual([
      "image.npy",
      "image.png",
      "run.json",
      "steps.i16",
    ]);
    for (const file of await readdir(join(out, id)))
      expect(await readFile(join(out, id, file))).toEqual(
        await readFile(join(folder, id, file)),
      );
  }
});

test("chosen runs alone are copied", async () => {
  const { folder } = await makeGallery();
  const out = join(await temporary(), "copy");
  await exportGallery(
    {
      folder,
      runs: ["run-1-0", "run-0-2"],
      format: "records",
      contrast: "raw",
      out,
      overwrite: false,
    },
    { signal },
  );
  expect((await readdir(out)).sort()).toEqual([
    "gallery.json",
    "run-0-2",
    "run-1-0",
  ]);
});

test("a folder that holds another gallery is refused, even with a yes", async () => {
  const { folder } = await makeGallery();
  const out = join(await temporary(), "copy");
  await mkdir(out);
  await writeFile(join(out, "gallery.json"), '{"id":"another"}');
  await expect(
    exportGallery(
      {
        folder,
        runs: null,
        format: "records",
        contrast: "raw",
        out,
        overwrite: true,
      },
      { signal },
    ),
  ).rejects.toMatchObject({ code: "export-failed" });
  expect(await readdir(out)).toEqual(["gallery.json"]);
});

test("npy holds the floats", async () => {
  const { folder } = await makeGallery();
  const out = join(await temporary(), "arrays");
  await exportGallery(
    {
      folder,
      runs: ["run-1-2"],
      format: "npy",
      contrast: "sigma",
      out,
      overwrite: false,
    },
    { signal },
  );
  const [name = ""] = await readdir(out);
  expect(name).toBe("analog_clock-101-proxygrad-0.1.npy");
  const { shape, values } = readNpy(await readFile(join(out, name)), name);
  expect(shape).toEqual([6, 8, 3]);
  expect(values).toEqual(imageOf(1, 2));
});
