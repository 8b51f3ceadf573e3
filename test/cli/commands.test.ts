import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "../../src/main/host/npy";
import { softmax } from "../../src/engine";
import { writeTinyNetwork } from "../support/tiny-network";
import { proxima } from "./run";

let root: string;
let net: string;
let image: string;
let silent: string;
const pixels = Float32Array.from({ length: 6 * 6 * 3 }, (_, i) => Math.sin(i));
const at = (...parts: string[]) => join(root, ...parts);
const npyAt = async (path: string) => readNpy(await readFile(path), path);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "proxima-cli-"));
  net = await writeTinyNetwork(at("net"));
  silent = await writeTinyNetwork(at("silent"), { bias: -100 });
  image = at("x.npy");
  await writeFile(image, writeNpy([6, 6, 3], pixels));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe("proxima", () => {
  it("tells its commands, flags and version", async () => {
    const help = await proxima(["--help"]);
    expect(help.code).toBe(0);
    for (const name of [
      "inspect",
      "score",
      "gradient",
      "render",
      "merge",
      "export",
      "bench",
    ]) {
      expect(help.out).toContain(`  ${name}`);
      const page = await proxima([name, "--help"]);
      expect(page.code).toBe(0);
      expect(page.out).toContain(`Usage: proxima ${name} `);
      expect(page.err).toBe("");
    }
    const version = await proxima(["--version"]);
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], "Usage"],
    [["paint"], 'no command "paint"'],
    [["inspect"], "needs NETWORK"],
    [["inspect", "a", "b"], 'what to do with "b"'],
    [["inspect", "a", "--colour"], "--colour"],
    [["score", "a", "--image"], "--image is missing"],
    [["score", "a", "--image", "x", "--top"], "--top"],
    [["score", "a", "--image", "x", "--top", "0"], "--top must be"],
    [["bench", "a", "--batch", "1", "--batch", "2"], "--batch is given twice"],
  ])("refuses %j as usage", async (argv, said) => {
    const { code, out, err } = await proxima(argv);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(said);
    expect(err).not.toMatch(/\n\s+at /);
  });
});

describe("proxima inspect", () => {
  it("tells what a network is, for people and as one JSON line", async () => {
    const text = await proxima(["inspect", "caltech101-resnet18"]);
    expect(text.code).toBe(0);
    expect(text.out).toContain("17 of 17 activations");
    const json = await proxima(["inspect", net, "--json"]);
    const lines = json.lines();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      name: "net",
      format: "TF.js layers model",
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      input: { height: 6, width: 6, channels: 3 },
      preprocessing: { order: "RGB", mean: [0, 0, 0], std: [255, 255, 255] },
      classes: 4,
      parameters: 260,
      operations: { conv2d: 1, dense: 1 },
      rectifiers: 1,
    });
    expect(lines[0]).toHaveProperty("report.from", {
      size: "file",
      preprocessing: "guess",
      labels: "file",
    });
    expect(json.err).toContain("values in 0..1 are the most usual");
    expect(json.err).toContain("--preprocess");
  });

  it("refuses what is no network with code 3", async () => {
    await mkdir(at("empty"), { recursive: true });
    for (const name of [at("nothing"), at("empty"), image, "no-such-id"]) {
      const { code, out, err } = await proxima(["inspect", name, "--json"]);
      expect(code).toBe(3);
      expect(out).toBe("");
      expect(err).toMatch(/^proxima: .+\n$/);
    }
    const broken = await writeTinyNetwork(at("broken"), {
      edit: (model) => {
        for (const layer of model.modelTopology.model_config.config.layers)
          if (layer.class_name === "Conv2D") layer.class_name = "Conv3D";
      },
    });
    const { code, err } = await proxima(["inspect", broken]);
    expect(code).toBe(3);
    expect(err).toContain("Conv3D");
  });
});

describe("proxima score", () => {
  it("prints the best classes and writes all logits", async () => {
    const out = at("logits.npy");
    await writeFile(out, "old");
    const ran = await proxima([
      "score",
      net,
      "--json",
      "--top",
      "2",
      "--npy",
      out,
      "--image",
      image,
      image,
    ]);
    expect(ran.code).toBe(0);
    const logits = await npyAt(out);
    expect(logits.shape).toEqual([2, 4]);
    expect(logits.values.slice(0, 4)).toEqual(logits.values.slice(4));
    const [first, second] = ran.lines();
    expect(ran.lines()).toHaveLength(2);
    expect(second).toEqual(first);
    const best = logits.values.slice(0, 4).indexOf(Math.max(...logits.values));
    const top = first?.["top"] as {
      index: number;
      logit: number;
      probability: number;
    }[]; // as printed
    expect(top).toHaveLength(2);
    expect(top[0]?.index).toBe(best);
    expect(top[0]?.logit).toBe(logits.values[best]);
    expect(top[0]?.probability).toBeCloseTo(
      softmax(logits.values.slice(0, 4))[best] ?? 0,
      12,
    );
    expect(await readdir(root)).not.toContainEqual(
      expect.stringMatching(/^logits\.npy\./),
    );
  });

  it("prints five classes of a picture of any size", async () => {
    const picture = at("grey.png");
    await sharp({
      create: { width: 300, height: 20, channels: 3, background: "#808080" },
    })
      .png()
      .toFile(picture);
    const ran = await proxima([
      "score",
      "caltech101-resnet18",
      "--image",
      picture,
    ]);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain(picture);
    expect(ran.out.trim().split("\n")).toHaveLength(6);
  });

  it("takes the array's size where the network fixes none, and --size before all", async () => {
    const open = await writeTinyNetwork(at("open"), { size: null });
    expect((await proxima(["score", open, "--image", image])).code).toBe(0);
    const other = await proxima([
      "score",
      open,
      "--size",
      "7x5",
      "--image",
      image,
    ]);
    expect(other.code).toBe(3);
    expect(other.err).toContain("[6, 6, 3]; the network's input is [7, 5, 3]");
    const png = at("p.png");
    await sharp({
      create: { width: 3, height: 3, channels: 3, background: "red" },
    })
      .png()
      .toFile(png);
    // a picture fits any input: the usual one
    const usual = await proxima(["inspect", open, "--json"]);
    expect(usual.lines()[0]).toMatchObject({
      input: { height: 224, width: 224 },
      report: { fixedSize: null, from: { size: "guess" } },
    });
    expect((await proxima(["score", open, "--image", png])).code).toBe(0);
    expect(
      (await proxima(["score", open, "--size", "7x5", "--image", png])).code,
    ).toBe(0);
  });

  it("refuses images it cannot use with code 3", async () => {
    await writeFile(at("text.png"), "no picture");
    await writeFile(at("small.npy"), writeNpy([2, 2, 3], new Float32Array(12)));
    for (const [file, said] of [
      ["text.png", "not a picture"],
      ["small.npy", "[2, 2, 3]"],
      ["none.png", "There is no file"],
    ] as const) {
      const { code, err } = await proxima(["score", net, "--image", at(file)]);
      expect(code).toBe(3);
      expect(err).toContain(said);
    }
    const { code, err } = await proxima([
      "score",
      net,
      "--image",
      image,
      "--npy",
      at("no", "folder", "x.npy"),
    ]);
    expect(code).toBe(3);
    expect(err).toContain("could not be written");
  });
});

const photos = fileURLToPath(
  new URL("../../../shared/data/caltech101-128px.tar", import.meta.url),
);
describe.skipIf(!existsSync(photos))(
  "the bundled network on photos (skipped where they are not at hand)",
  () => {
    it("recognises most of what it never saw in training", async () => {
      const listed = JSON.parse(
        await readFile(join(photos, "..", "caltech101-test.json"), "utf8"),
      ) as string[]; // a list of paths in the archive
      const chosen = listed.filter((_, i) => i % 60 === 0);
      execFileSync("tar", ["-xf", photos, "-C", root, ...chosen]);
      const files = chosen.map((name) => at(name));
      const ran = await proxima([
        ...["score", "caltech101-resnet18", "--json", "--top", "1"],
        ...["--image", ...files],
      ]);
      const right = ran.lines().filter(({ image, top }) => {
        const [best] = top as { label: string }[]; // as printed
        return basename(dirname(String(image))) === best?.label;
      });
      // its card says 78.67 % of all test images; four deviations of a sample are 30 points
      expect(chosen.length).toBeGreaterThan(25);
      expect(right.length / chosen.length).toBeGreaterThan(0.48);
    });
  },
);

describe("proxima gradient", () => {
  const gradient = (
    name: string,
    method: string,
    out: string,
    ...more: string[]
  ) =>
    proxima([
      "gradient",
      name,
      "--image",
      image,
      "--target",
      "bee",
      "--method",
      method,
      "--npy",
      out,
      ...more,
    ]);

  it("writes the gradient of a class, which differences confirm", async () => {
    // no rectifier turns within the differences' step
    const signed = ["--preprocess", "signed"];
    const ran = await gradient(net, "relu", at("g.npy"), "--json", ...signed);
    expect(ran.code).toBe(0);
    expect(ran.err).not.toContain("--preprocess");
    const { shape, values } = await npyAt(at("g.npy"));
    expect(shape).toEqual([6, 6, 3]);
    const [line] = ran.lines();
    expect(line).toMatchObject({
      target: 1,
      label: "Bee",
      method: "relu",
      shape: [6, 6, 3],
    });
    const norm = Math.hypot(...values);
    expect(line?.["norm"]).toBeCloseTo(norm, 5);
    // along the gradient the score rises by the norm
    const scoreOf = async (step: number) => {
      const moved = pixels.map((x, i) => x + (step * (values[i] ?? 0)) / norm);
      await writeFile(at("moved.npy"), writeNpy([6, 6, 3], moved));
      await proxima([
        "score",
        net,
        ...signed,
        "--image",
        at("moved.npy"),
        "--npy",
        at("l.npy"),
      ]);
      return (await npyAt(at("l.npy"))).values[1] ?? NaN;
    };
    const h = 0.01;
    const slope = ((await scoreOf(h)) - (await scoreOf(-h))) / (2 * h);
    expect(slope / norm).toBeCloseTo(1, 2);
    expect(line?.["score"]).toBeCloseTo(await scoreOf(0), 5);
  });

  it("tells the methods apart", async () => {
    const read = async (method: string) => {
      await gradient(net, method, at("m.npy"));
      return (await npyAt(at("m.npy"))).values;
    };
    expect(await read("proxygrad:0")).toEqual(await read("relu"));
    expect(await read("slopes:0.1:0.1")).toEqual(await read("leaky:0.1"));
    expect(await read("proxygrad:0.5")).not.toEqual(await read("relu"));
  });

  it("writes a zero gradient as zeros, and says so", async () => {
    const ran = await gradient(silent, "relu", at("z.npy"), "--json");
    expect(ran.code).toBe(0);
    expect(ran.lines()[0]).toMatchObject({ norm: 0 });
    expect((await npyAt(at("z.npy"))).values).toEqual(new Float32Array(108));
    expect(ran.err).toContain("silent");
  });

  it.each([
    [["--target", "dog", "--method", "relu"], 2, "no class is called"],
    [["--target", "4", "--method", "relu"], 2, "no class 4"],
    [["--target", "1", "--method", "leaky:2"], 2, "from 0 to 1"],
    [["--target", "1"], 2, "--method is missing"],
    [["--method", "relu"], 2, "--target is missing"],
  ])("refuses %j", async (flags, code, said) => {
    const ran = await proxima([
      "gradient",
      net,
      "--image",
      image,
      "--npy",
      at("never.npy"),
      ...flags,
    ]);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(said);
    expect(await readdir(root)).not.toContain("never.npy");
  });
});

describe("proxima bench", () => {
  it("prints the median milliseconds of an image-step", async () => {
    const ran = await proxima([
      "bench",
      net,
      "--method",
      "proxygrad:0.1",
      "--batch",
      "2",
      "--steps",
      "3",
      "--json",
    ]);
    expect(ran.code).toBe(0);
    const [line] = ran.lines();
    expect(Object.keys(line ?? {}).sort()).toEqual([
      "backend",
      "batch",
      "msPerImageStep",
      "precision",
    ]);
    expect(line).toMatchObject({ batch: 2, precision: "float32" });
    expect(line?.["msPerImageStep"]).toBeGreaterThan(0);
  });
});
