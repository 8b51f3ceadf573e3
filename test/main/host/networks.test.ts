import { cp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Networks, openNamed } from "../../../src/main/host/networks";
import { bundledFolder } from "../../../src/main/host/resources";
import { networkSchema } from "../../../src/shared/domain";
import { temporaryFolders } from "../../support/temporary-folder";
import {
  tinyLabels,
  writeTinyNetwork,
  type TinyModel,
} from "../../support/tiny-network";

const temporary = temporaryFolders();
const { signal } = new AbortController();
const memory = () => 2 ** 30;

describe("the bundled network", () => {
  it("is told with its card, counts and defaults", async () => {
    const networks = new Networks({ bundled: bundledFolder(), memory });
    const [listed] = await networks.list();
    const info = networkSchema.parse(listed);
    expect(info).toMatchObject({
      id: "caltech101-resnet18",
      name: "ResNet-18 (half width), Caltech-101",
      format: "TF.js layers model",
      bundled: true,
      input: { height: 128, width: 128, channels: 3 },
      preprocessing: { order: "RGB", mean: [127.5, 127.5, 127.5] },
      classes: 101,
      parameters: 2_825_797,
      rectifiers: 17,
      activations: 17,
      warnings: [],
      licence: "Apache-2.0",
      defaults: {
        steps: 300,
        stepSize: 7,
        startNoise: 0.1,
        seed: 1,
        regularization: { blur: 0.5, rotate: 5, rotateProbability: 0.3 },
        batch: 8,
        precision: "float32",
        keep: 0,
        backwardSlope: 0.2,
      },
    });
    expect(info.operations["conv2d"]).toBe(20);
    expect(info.labels).toHaveLength(101);
    expect(info.labels[5]).toBe("airplanes");
    expect(info.hash).toMatch(/^[0-9a-f]{64}$/);
    const opened = await networks.get("caltech101-resnet18");
    expect(opened.info).toBe(listed);
    expect(await networks.get("caltech101-resnet18")).toBe(opened);
  });
});

describe("a network from disk", () => {
  it("is named by its content and completed with defaults", async () => {
    const root = await temporary();
    const folder = await writeTinyNetwork(join(root, "My net!"));
    const networks = new Networks({ bundled: bundledFolder(), memory });
    const opened = await networks.open(folder, { signal });
    expect(opened.id).toMatch(/^my-net-[0-9a-f]{12}$/);
    expect(opened.info).toMatchObject({
      bundled: false,
      classes: 4,
      parameters: 3 * 3 * 3 * 8 + 8 + 8 * 4 + 4,
      operations: { conv2d: 1, rectifier: 1, dense: 1 },
      labels: tinyLabels,
      preprocessing: { order: "RGB", mean: [0, 0, 0], std: [255, 255, 255] },
      defaults: {
        steps: 500,
        stepSize: 5,
        startNoise: 0.1,
        backwardSlope: 0.1,
      },
    });
    expect(opened.info.warnings).toEqual([]);
    expect(opened.info.maximises).toContain("softmax");
    const copy = join(root, "copy", "My net!");
    await cp(folder, copy, { recursive: true });
    expect((await networks.open(join(copy, "model.json"), { signal })).id).toBe(
      opened.id,
    );
    expect(await networks.list()).toHaveLength(2);
  });

  it("keeps what a card says within range, and names what is not", async () => {
    const folder = await writeTinyNetwork(join(await temporary(), "net"), {
      card: {
        name: "Carded",
        source: "here",
        licence: "MIT",
        preprocessing: { order: "RGB", mean: [127.5], std: [127.5] },
        ascent: {
          steps: 0,
          stepSize: 3,
          blur: 0.25,
          backwardSlope: 2,
          seed: 9,
        },
      },
    });
    const { info } = await openNamed(folder, { signal });
    expect(info).toMatchObject({
      name: "Carded",
      source: "here",
      licence: "MIT",
    });
    expect(info.defaults).toMatchObject({
      steps: 500,
      stepSize: 3,
      seed: 9,
      backwardSlope: 0.1,
      regularization: { blur: 0.25 },
    });
    expect(info.warnings.join()).toMatch(/steps of 0 .*backwardSlope of 2/);
  });

  it("takes a smaller default batch where memory is short", async () => {
    const networks = new Networks({
      bundled: bundledFolder(),
      memory: () => 3e6 * 3,
    });
    const folder = await writeTinyNetwork(join(await temporary(), "net"), {
      size: 200,
    });
    const { info } = await networks.open(folder, { signal });
    // (3 + 8 + 8) x 200 x 200 values and their gradients are 6 MB
    expect(info.defaults.batch).toBe(1);
  });

  it("is read again after others pushed it out, unless its files changed", async () => {
    const root = await temporary();
    const networks = new Networks({ bundled: bundledFolder(), memory });
    const folders: string[] = [];
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) {
      const folder = await writeTinyNetwork(join(root, `net${i}`));
      folders.push(folder);
      ids.push((await networks.open(folder, { signal })).id);
    }
    expect((await networks.get(ids[1] ?? "")).network.name).toBe("net1");
    await writeFile(join(folders[0] ?? "", "labels.json"), '["a","b","c","d"]');
    await expect(networks.get(ids[0] ?? "")).rejects.toThrow("have changed");
    await expect(networks.get("none")).rejects.toMatchObject({
      code: "unknown-network",
    });
  });

  it("takes a size where it leaves it open, and another than it has", async () => {
    const root = await temporary();
    const open = await writeTinyNetwork(join(root, "open"), { size: null });
    expect((await openNamed(open, { signal })).network.input).toEqual([
      224, 224, 3,
    ]);
    const beside = await openNamed(open, { signal, openSize: [9, 8] });
    expect(beside.network.input).toEqual([9, 8, 3]);
    const opened = await openNamed(open, { signal, given: { size: [5, 7] } });
    expect(opened.network.input).toEqual([5, 7, 3]);
    const fixed = await writeTinyNetwork(join(root, "fixed"));
    expect(
      (await openNamed(fixed, { signal, given: { size: [5, 7] } })).network
        .input,
    ).toEqual([5, 7, 3]);
  });
});

describe("a damaged network", () => {
  async function refusal(
    options: Parameters<typeof writeTinyNetwork>[1],
    damage: (folder: string) => Promise<void> = () => Promise.resolve(),
  ) {
    const folder = await writeTinyNetwork(
      join(await temporary(), "net"),
      options,
    );
    await damage(folder);
    return openNamed(folder, { signal }).then(
      () => null,
      (error: unknown) => error,
    );
  }
  const weightsOf = (folder: string) => join(folder, "weights.bin");

  it.each([
    ["a missing shard", {}, (f: string) => rm(weightsOf(f)), "weights.bin"],
    [
      "a short shard",
      {
        weights: (v: Float32Array) => new Uint8Array(v.buffer).subarray(0, 99),
      },
      undefined,
      "weights",
    ],
    [
      "a long shard",
      {
        weights: (v: Float32Array) =>
          new Uint8Array([...new Uint8Array(v.buffer), 0, 0, 0, 0]),
      },
      undefined,
      "weights",
    ],
    [
      "weights of the wrong shape",
      {
        edit: (m: TinyModel) => {
          for (const w of m.weightsManifest[0]?.weights ?? [])
            if (w.name === "conv/kernel") w.shape = [3, 3, 8, 3];
        },
      },
      undefined,
      "conv",
    ],
    [
      "a path that leaves the folder",
      {
        edit: (m: TinyModel) => {
          for (const g of m.weightsManifest) g.paths = ["../weights.bin"];
        },
      },
      (f: string) => cp(weightsOf(f), join(f, "..", "weights.bin")),
      "../weights.bin",
    ],
    [
      "a URL for a shard",
      {
        edit: (m: TinyModel) => {
          for (const g of m.weightsManifest)
            g.paths = ["https://example.org/w.bin"];
        },
      },
      undefined,
      "https://example.org/w.bin",
    ],
    [
      "a link out of the folder",
      {},
      async (f: string) => {
        await cp(weightsOf(f), join(f, "..", "w.bin"));
        await rm(weightsOf(f));
        await symlink(join(f, "..", "w.bin"), weightsOf(f));
      },
      "outside its folder",
    ],
    [
      "a model.json cut off",
      {},
      (f: string) => writeFile(join(f, "model.json"), '{"format":'),
      "model.json",
    ],
    [
      "weights that are no numbers",
      {
        weights: (v: Float32Array) => {
          v[3] = NaN;
          return new Uint8Array(v.buffer);
        },
      },
      undefined,
      "conv/kernel",
    ],
  ])("is refused: %s", async (_, options, damage, said) => {
    const error = await refusal(options, damage);
    expect(error).toMatchObject({
      name: "Fault",
      code: expect.stringMatching(/damaged-file|not-finite/) as unknown,
      message: expect.stringContaining(said) as unknown,
    });
  });

  it("with a layer that is not supported is refused by the layer's name", async () => {
    const error = await refusal({
      edit: (model) => {
        for (const layer of model.modelTopology.model_config.config.layers)
          if (layer.class_name === "Conv2D") layer.class_name = "Conv3D";
      },
    });
    expect(error).toMatchObject({
      code: "unsupported-network",
      message: expect.stringContaining("Conv3D") as unknown,
    });
  });

  it("is none: a folder, a text, nothing", async () => {
    const root = await temporary();
    await writeFile(join(root, "notes.txt"), "nothing here");
    for (const path of [root, join(root, "notes.txt")])
      await expect(openNamed(path, { signal })).rejects.toMatchObject({
        code: "damaged-file",
      });
    await expect(
      openNamed(join(root, "none"), { signal }),
    ).rejects.toMatchObject({
      code: "unknown-network",
      remedy: expect.stringContaining("caltech101-resnet18") as unknown,
    });
  });
});
