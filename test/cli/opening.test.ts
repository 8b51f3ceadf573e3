/** What the command line says of a network, and known networks. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Networks } from "../../src/main/host/networks";
import { readNpy, writeNpy } from "../../src/main/host/npy";
import { RememberedAnswers } from "../../src/main/host/remembered-answers";
import { bundledFolder } from "../../src/main/host/resources";
import { runRecordSchema, type Answers } from "../../src/shared/domain";
import { presetFor } from "../../src/shared/presets";
import { fileServers } from "../support/file-server";
import { temporaryFolders } from "../support/temporary-folder";
import { writeTinyNetwork } from "../support/tiny-network";
import { writeTinyAlexNet } from "../support/tiny-safetensors";
import { proxima } from "./run";

const temporary = temporaryFolders();
const serve = fileServers();
let root: string;
let before: NodeJS.ProcessEnv;
const at = (...names: string[]) => join(root, ...names);

beforeEach(async () => {
  root = await temporary();
  before = { ...process.env };
  process.env["PROXIMA_USER_DATA"] = at("data");
});
afterEach(() => {
  process.env = before;
});

async function writeImage(
  name: string,
  shape: readonly [number, number, number],
  valueOf: (channel: number, index: number) => number,
) {
  const values = Float32Array.from(
    { length: shape[0] * shape[1] * shape[2] },
    (_, i) => valueOf(i % shape[2], i),
  );
  await writeFile(at(name), writeNpy(shape, values));
  return { path: at(name), values };
}

async function logitsOf(network: string, image: string, ...flags: string[]) {
  const out = at("logits.npy");
  const args = ["score", network, "--image", image, "--npy", out, ...flags];
  const ran = await proxima(args);
  expect(ran.err).not.toMatch(/^proxima: .*(refused|cannot)/);
  expect(ran.code).toBe(0);
  return { ...ran, logits: readNpy(await readFile(out), out).values };
}

describe("--preprocess", () => {
  it("maps an array in [-1, 1] as the preset of its name says", async () => {
    const net = await writeTinyNetwork(at("net"));
    const { path, values } = await writeImage("x.npy", [6, 6, 3], (_, i) =>
      Math.sin(i),
    );
    const mean = [0.485, 0.456, 0.406];
    const std = [0.229, 0.224, 0.225];
    const caffe = [103.939, 116.779, 123.68];
    const pixel = (i: number) => ((values[i] ?? NaN) + 1) * 127.5;
    const expected: Record<string, (c: number, i: number) => number> = {
      unit: (_, i) => pixel(i) / 255,
      signed: (_, i) => values[i] ?? NaN,
      imagenet: (c, i) => (pixel(i) / 255 - (mean[c] ?? NaN)) / (std[c] ?? NaN),
      // channel c of the network is the image's blue, green, red
      caffe: (c, i) => pixel(i - c + (2 - c)) - (caffe[c] ?? NaN),
    };
    for (const [preset, valueOf] of Object.entries(expected)) {
      const ours = await logitsOf(net, path, "--preprocess", preset);
      expect(ours.err).toBe("");
      const made = await writeImage("made.npy", [6, 6, 3], valueOf);
      const theirs = await logitsOf(net, made.path, "--preprocess", "signed");
      for (const [i, logit] of theirs.logits.entries())
        expect((ours.logits[i] ?? NaN) / logit).toBeCloseTo(1, 4);
    }
    // without a word it is guessed, which is said
    const guessed = await logitsOf(net, path);
    expect(guessed.err).toContain("Say it with --preprocess");
    const unit = await logitsOf(net, path, "--preprocess", "unit");
    expect(guessed.logits).toEqual(unit.logits);
  });

  it("takes numbers for pixels in 0..1 and in 0..255, and asks where they do not say which", async () => {
    const net = await writeTinyNetwork(at("net"));
    const { path } = await writeImage("x.npy", [6, 6, 3], (_, i) =>
      Math.sin(i),
    );
    const ones = { mean: [0.13], std: [0.31], unit: "0..1" };
    const bytes = { mean: 33.15, std: [79.05], unit: "0..255" };
    const logits = (numbers: object) =>
      logitsOf(net, path, "--preprocess", JSON.stringify(numbers));
    const [first, second] = [await logits(ones), await logits(bytes)];
    expect([...first.logits]).toEqual([...second.logits]);
    expect(first.err + second.err).not.toContain("look like");
    // in the wrong unit the scores are other ones by far, which is said
    const wrong = await logits({ ...ones, unit: "0..255" });
    expect(
      Math.abs((wrong.logits[0] ?? 0) / (first.logits[0] ?? 1)),
    ).toBeGreaterThan(20);
    expect(wrong.err).toContain(
      "(mean 0.13, std 0.31) is used for pixels in 0..255, and its numbers look like those for pixels in 0..1",
    );
    const other = await logits({ ...bytes, unit: "0..1" });
    expect(other.err).toContain("look like those for pixels in 0..255");
    for (const [numbers, said] of [
      [{ mean: [0.13], std: [0.31] }, "they look like 0..1"],
      [{ mean: [0], std: [1] }, "does not say whether"],
    ] as const) {
      await writeFile(at("p.json"), JSON.stringify(numbers));
      for (const given of [JSON.stringify(numbers), at("p.json")]) {
        const ran = await proxima(["inspect", net, "--preprocess", given]);
        expect(ran.code).toBe(2);
        expect(ran.err).toContain(said);
        // both spellings, to copy
        for (const unit of ["0..1", "0..255"])
          expect(ran.err).toContain(JSON.stringify({ ...numbers, unit }));
      }
    }
    // of these nobody doubts the unit, and old files go on
    const old = await logits({ order: "RGB", mean: [33.15], std: [79.05] });
    expect([...old.logits]).toEqual([...first.logits]);
    const told = await proxima(["inspect", net, "--preprocess", "imagenet"]);
    expect(told.out).toContain(
      "imagenet: RGB, (p - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225] of p in 0..1; (p - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375] of p in 0..255",
    );
  });

  it("takes numbers, a card or answers from a file", async () => {
    const net = await writeTinyNetwork(at("net"));
    const numbers = { order: "BGR", mean: [10, 20, 30], std: [2] };
    // as the first version wrote it
    const answers = {
      format: "proxima-answers",
      version: 1,
      hash: "",
      answers: { size: null, preprocessing: numbers, labels: { kind: "none" } },
    };
    for (const content of [
      numbers,
      { preprocessing: numbers, name: "x" },
      answers,
    ]) {
      await writeFile(at("p.json"), JSON.stringify(content));
      const ran = await proxima([
        ...["inspect", net, "--json", "--preprocess", at("p.json")],
      ]);
      expect(ran.lines()[0]).toMatchObject({
        preprocessing: numbers,
        report: { from: { preprocessing: "answer" } },
      });
    }
    for (const [content, said] of [
      ["{}", 'does not hold { "order"'],
      ["hello", 'does not hold { "order"'],
      [JSON.stringify({ ...numbers, std: [0] }), "divides by zero"],
      [JSON.stringify({ ...numbers, mean: [1, 2] }), "2 values of mean"],
    ] as const) {
      await writeFile(at("p.json"), content);
      const ran = await proxima(["inspect", net, "--preprocess", at("p.json")]);
      expect(ran.code).toBe(2);
      expect(ran.err).toContain(said);
    }
    const none = await proxima(["inspect", net, "--preprocess", "vgg"]);
    expect(none.code).toBe(2);
    expect(none.err).toContain("unit, signed, imagenet, caffe");
    const four = await writeTinyNetwork(at("four"), { channels: 4 });
    const colours = await proxima(["inspect", four, "--preprocess", "caffe"]);
    expect(colours.code).toBe(2);
    expect(colours.err).toContain("4 channels");
  });

  it("counts for every command, and is in the records of a render", async () => {
    const net = await writeTinyNetwork(at("net"));
    const out = at("gallery");
    const ran = await proxima([
      ...["render", net, "--targets", "1", "--methods", "relu", "--steps", "2"],
      ...["--preprocess", "caffe", "--labels", "none", "--out", out],
      ...["--step-size", "5"],
    ]);
    expect(ran.code).toBe(0);
    const text = await readFile(join(out, "1-1-relu", "run.json"), "utf8");
    const record = runRecordSchema.parse(JSON.parse(text));
    expect(record.network.preprocessing).toEqual(presetFor("caffe", 3));
    expect(record.label).toBe("class 1");
    const bench = await proxima([
      ...["bench", net, "--steps", "1", "--batch", "1", "--size", "9x9"],
      ...["--preprocess", "imagenet", "--json"],
    ]);
    expect(bench.code).toBe(0);
    const { path } = await writeImage("x.npy", [6, 6, 3], () => 0.5);
    const norms: unknown[] = [];
    for (const preset of ["unit", "signed"]) {
      const gradient = await proxima([
        ...["gradient", net, "--image", path, "--target", "eins", "--json"],
        ...["--method", "relu", "--npy", at("g.npy"), "--preprocess", preset],
        ...["--labels", await names("eins", "zwei", "drei", "vier")],
      ]);
      expect(gradient.code).toBe(0);
      norms.push(gradient.lines()[0]?.["norm"]);
    }
    expect(Number(norms[0])).toBeGreaterThan(0);
    // d (p / 255) / dx is half of d (p / 127.5 - 1) / dx; all rectifiers are on or off alike here or not at all
    expect(Number(norms[1])).toBeGreaterThan(Number(norms[0]));
  });
});

async function names(...all: string[]): Promise<string> {
  await writeFile(at("names.txt"), all.join("\n"));
  return at("names.txt");
}

describe("--labels", () => {
  it("names the classes from a file, as ImageNet's, or not at all", async () => {
    const file = await writeTinyAlexNet(at("net.safetensors"));
    const { path } = await writeImage("x.npy", [64, 64, 3], (c) => c / 3);
    const topOf = async (...flags: string[]) => {
      const ran = await proxima([
        ...["score", file, "--image", path, "--top", "1000", "--json"],
        ...flags,
      ]);
      expect(ran.code).toBe(0);
      const top = ran.lines()[0]?.["top"] as {
        index: number;
        label: string;
      }[]; // as printed
      return new Map(top.map(({ index, label }) => [index, label]));
    };
    expect((await topOf()).get(291)).toBe("lion");
    expect((await topOf("--labels", "imagenet")).get(0)).toBe("tench");
    expect((await topOf("--labels", "none")).get(291)).toBe("class 291");
    const few = await names("a", "b");
    const given = await topOf("--labels", few);
    expect([given.get(1), given.get(2)]).toEqual(["b", "class 2"]);
    const inspected = await proxima(["inspect", file, "--labels", few]);
    expect(inspected.err).toContain("The list has 2 labels for 1000 classes.");
    const missing = await proxima(["inspect", file, "--labels", at("none")]);
    expect(missing.code).toBe(3);
    expect(missing.err).toContain("none is not there");
  });
});

describe("the size", () => {
  it("is an array's where the file fixes none, else the usual, and --size before all", async () => {
    const file = await writeTinyAlexNet(at("net.safetensors"), { classes: 5 });
    const { path } = await writeImage("x.npy", [70, 64, 3], () => 0.1);
    expect((await logitsOf(file, path)).logits).toHaveLength(5);
    const wrong = await proxima([
      ...["score", file, "--image", path, "--size", "64x70"],
    ]);
    expect(wrong.code).toBe(3);
    expect(wrong.err).toContain("the network's input is [64, 70, 3]");
    const sizeOf = async (...flags: string[]) => {
      const ran = await proxima(["inspect", file, "--json", ...flags]);
      return ran.lines()[0];
    };
    expect(await sizeOf()).toMatchObject({
      input: { height: 224, width: 224, channels: 3 },
      report: { fixedSize: null, from: { size: "guess" } },
    });
    expect(await sizeOf("--size", "64x96")).toMatchObject({
      input: { height: 64, width: 96 },
      report: { answers: { size: [64, 96] }, from: { size: "answer" } },
    });
    const picture = at("p.png");
    await sharp({
      create: { width: 30, height: 9, channels: 3, background: "red" },
    })
      .png()
      .toFile(picture);
    expect((await logitsOf(file, picture)).logits).toHaveLength(5);
    expect(
      (await logitsOf(file, picture, "--size", "64x64")).logits,
    ).toHaveLength(5);
  });
});

describe("inspect", () => {
  it("shows the report, and what lies beside the file", async () => {
    const file = await writeTinyAlexNet(at("net.safetensors"));
    const sha = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
    const [line] = (await proxima(["inspect", file, "--json"])).lines();
    expect(line).toMatchObject({
      format: "safetensors",
      // as sha256sum prints it
      hash: sha,
      preprocessing: presetFor("imagenet", 3),
      rectifiers: 7,
      report: {
        stripped: [],
        answers: { labels: { kind: "imagenet" } },
        from: { size: "guess", preprocessing: "guess", labels: "guess" },
      },
    });
    expect(line).not.toHaveProperty("labels");
    await writeFile(
      `${file}.proxima.json`,
      JSON.stringify({
        format: "proxima-answers",
        version: 1,
        hash: sha,
        answers: {
          size: [64, 80],
          preprocessing: presetFor("caffe", 3),
          labels: { kind: "none" },
        },
      }),
    );
    const answered = await proxima(["inspect", file, "--json"]);
    // answers of version 1 said nothing of what weights leave open
    expect(answered.err).toMatch(/^proxima: The file does not say .*\n$/);
    expect(answered.lines()[0]).toMatchObject({
      hash: sha,
      input: { height: 64, width: 80 },
      preprocessing: presetFor("caffe", 3),
      report: { from: { size: "answer", preprocessing: "answer" } },
    });
    const flags = ["--preprocess", "unit", "--size", "96x96"];
    const flagged = await proxima(["inspect", file, "--json", ...flags]);
    expect(flagged.lines()[0]).toMatchObject({
      input: { height: 96, width: 96 },
      preprocessing: presetFor("unit", 3),
      report: { answers: { labels: { kind: "none" } } },
    });
    const text = await proxima(["inspect", file]);
    expect(text.out).toMatch(/preprocessing +caffe: BGR, .* \(as answered\)/);
    expect(text.out).toMatch(/classes +1000, names: none/);
  });
});

it("takes what was answered in the window", async () => {
  const file = await writeTinyAlexNet(at("net.safetensors"), { classes: 3 });
  const answers = {
    size: [70, 64],
    preprocessing: presetFor("caffe", 3),
    labels: { kind: "list", labels: ["eins", "zwei", "drei"] },
    assumptions: {},
    output: null,
    head: null,
  } satisfies Answers;
  const networks = new Networks({
    bundled: bundledFolder(),
    memory: () => 2 ** 30,
    remembered: await RememberedAnswers.open(at("data"), () => undefined),
  });
  const { signal } = new AbortController();
  const { id } = await networks.open(file, { signal });
  await networks.answer(id, answers, { signal });
  const ran = await proxima(["inspect", file, "--json"]);
  expect(ran.err).not.toContain("Say it with");
  expect(ran.lines()[0]).toMatchObject({
    id,
    input: { height: 70, width: 64 },
    report: { answers },
  });
  const flagged = await proxima([
    "inspect",
    file,
    "--json",
    "--labels",
    "none",
  ]);
  expect(flagged.lines()[0]).toMatchObject({
    preprocessing: answers.preprocessing,
    report: { answers: { labels: { kind: "none" } } },
  });
});

describe("known networks", () => {
  /** A list of one network, on a server of this machine. */
  async function known(changes: object = {}) {
    const file = await writeTinyAlexNet(at("alexnet.safetensors"));
    const content = await readFile(file);
    const server = await serve(content);
    const begins = createHash("sha256").update(content).digest("hex");
    process.env["PROXIMA_KNOWN_NETWORKS"] = at("list.json");
    const entry = {
      id: "small-alexnet",
      name: "Small AlexNet",
      format: "safetensors",
      url: server.url.replace("net-1234.pth", "net-1234.safetensors"),
      licence: "MIT",
      bytes: content.length,
      checksum: { algorithm: "sha256", begins: begins.slice(0, 8) },
      card: {
        name: "Small AlexNet",
        licence: "MIT",
        input: { height: 64, width: 64, channels: 3 },
        preprocessing: presetFor("caffe", 3),
      },
      imagenet: true,
      ...changes,
    };
    await writeFile(at("list.json"), JSON.stringify([entry]));
    return { server, content };
  }

  it("are listed with what is there of them", async () => {
    await known();
    const ran = await proxima(["networks", "--json"]);
    expect(ran.code).toBe(0);
    expect(ran.lines()).toMatchObject([
      { kind: "bundled", id: "caltech101-resnet18" },
      {
        kind: "known",
        id: "small-alexnet",
        licence: "MIT",
        present: 0,
        complete: false,
      },
    ]);
    delete process.env["PROXIMA_KNOWN_NETWORKS"];
    const text = await proxima(["networks"]);
    expect(text.out).toMatch(/torchvision-vgg16 .*about 553 MB.*BSD-3-Clause/);
    expect(text.out).toContain(
      "https://download.pytorch.org/models/resnet50-0676ba61.pth",
    );
  });

  it("are downloaded into the app's data, checked, and opened by their names", async () => {
    const { server, content } = await known();
    const missing = await proxima(["inspect", "small-alexnet"]);
    expect(missing.code).toBe(3);
    expect(missing.err).toContain('"proxima download small-alexnet" gets it');
    const ran = await proxima(["download", "small-alexnet", "--json"]);
    expect(ran.code).toBe(0);
    const file = at("data", "networks", "net-1234.safetensors");
    expect(ran.lines()).toMatchObject([{ id: "small-alexnet", file }]);
    expect(Buffer.compare(await readFile(file), content)).toBe(0);
    const inspected = await proxima(["inspect", "small-alexnet", "--json"]);
    expect(inspected.err).toBe("");
    expect(inspected.lines()[0]).toMatchObject({
      name: "Small AlexNet",
      licence: "MIT",
      input: { height: 64, width: 64 },
      preprocessing: presetFor("caffe", 3),
      report: {
        from: { size: "file", preprocessing: "file", labels: "file" },
        answers: { labels: { kind: "imagenet" } },
      },
    });
    const again = await proxima(["download", "small-alexnet"]);
    expect(again.code).toBe(0);
    expect(server.requests).toHaveLength(1);
    const listed = await proxima(["networks", "--json"]);
    expect(listed.lines()[1]).toMatchObject({
      complete: true,
      network: ran.lines()[0]?.["network"],
    });
  });

  it("that are not what they should be are refused", async () => {
    await known({ checksum: { algorithm: "sha256", begins: "00000000" } });
    const ran = await proxima(["download", "small-alexnet"]);
    expect(ran.code).toBe(3);
    expect(ran.err).toContain("not with 00000000");
    const none = await proxima(["download", "large-alexnet"]);
    expect(none.code).toBe(2);
    expect(none.err).toContain("Known are small-alexnet");
  });

  it("go on where an interrupt stopped them", async () => {
    const { server } = await known();
    server.faults.stopAfter = 30_000;
    const stop = new AbortController();
    const running = proxima(["download", "small-alexnet"], {
      signal: stop.signal,
      terminal: true,
      onOutput: (text) => {
        if (text.includes("0.0 MB")) stop.abort();
      },
    });
    expect((await running).code).toBe(130);
    server.faults.stopAfter = null;
    const ran = await proxima(["download", "small-alexnet"]);
    expect(ran.code).toBe(0);
  });
});
