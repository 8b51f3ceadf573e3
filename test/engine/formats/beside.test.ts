/** What lies beside a network's file: read with its numbers, believed only where it fits, and named as the source. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { openNetwork, type OpenedFiles } from "../../../src/engine";
import { openBackend, type Backend } from "../../../src/main/host/backend";
import { openNetworkFiles } from "../../../src/main/host/network-files";
import type { Preprocessing } from "../../../src/shared/domain";
import { presetFor } from "../../../src/shared/presets";
import { expectParity } from "../../support/reference";
import { handwritten } from "./layers-model";
import {
  faultOf,
  memoryFiles,
  readOptions,
  type Contents,
} from "./memory-files";
import { dataOf, headerOf, safetensorsOf, tinyResnet } from "./torch-files";

const references = fileURLToPath(
  new URL("../../references/beside", import.meta.url),
);
const preparedSchema = z.object({
  pixel: z.array(z.number()).length(3),
  value: z.array(z.number()).length(3),
});
const referenceSchema = z.object({ size: z.tuple([z.int(), z.int()]) });
/** A ResNet of three classes. */
const state = tinyResnet();
const weights = safetensorsOf(headerOf(state), dataOf(state));
let backend: Backend;

beforeAll(async () => {
  backend = await openBackend();
});

const metadata = {
  tmVersion: "2.4.7",
  packageName: "@teachablemachine/image",
  labels: ["a", "b", "c"],
  imageSize: 4,
};

/** The weights with these files beside them, as a folder, or with the weights chosen. */
function open(
  beside: Contents,
  { chosen = null, name = "model.safetensors" }: Options = {},
): Promise<OpenedFiles> {
  const files = { [name]: weights, ...beside };
  return openNetwork(memoryFiles(files, "hub", chosen), readOptions);
}

interface Options {
  readonly chosen?: string | null;
  readonly name?: string;
}

/** What a preprocessing makes of a pixel of 0..255 in a channel. */
function prepared(given: Preprocessing | null, p: number, channel: number) {
  if (!given) throw new Error("no preprocessing");
  const { mean, std } = given;
  return (p - (mean[channel] ?? NaN)) / (std[channel] ?? NaN);
}

const timm = {
  architecture: "resnet10t.c3_in1k",
  num_classes: 3,
  label_names: ["a", "b", "c"],
  pretrained_cfg: {
    input_size: [3, 96, 64],
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
};

describe("timm's config.json", () => {
  it.each([null, "model.safetensors"])(
    "names size, pixels and classes (%s)",
    async (chosen) => {
      const { network, report } = await open(
        { "config.json": timm },
        { chosen },
      );
      expect(network.input).toEqual([96, 64, 3]);
      expect(network.labels).toEqual(["a", "b", "c"]);
      for (const [channel, mean] of timm.pretrained_cfg.mean.entries())
        for (const p of [0, 100, 255])
          expect(prepared(network.preprocessing, p, channel)).toBeCloseTo(
            (p / 255 - mean) / (timm.pretrained_cfg.std[channel] ?? NaN),
            9,
          );
      expect(report.sources).toEqual(["config.json"]);
      expect(report.from).toEqual({
        size: "file",
        preprocessing: "file",
        labels: "file",
      });
      expect(report.because).toContain('"config.json" gives the mean');
    },
  );

  it("is no part of the hash: what it says stands in the answers", async () => {
    const hub = join(references, "hub-timm/hub");
    const { network } = await openNetwork(
      await openNetworkFiles(hub),
      readOptions,
    );
    const bytes = readFileSync(join(hub, "model.safetensors"));
    expect(network.provenance.hash).toBe(
      createHash("sha256").update(bytes).digest("hex"),
    );
  });

  it("has descriptions for names that are ids, and ids by index in any order", async () => {
    const config = {
      ...timm,
      label_names: { 2: "n3", 0: "n1", 1: "n2" },
      label_descriptions: { n1: "one", n3: "three" },
    };
    const { network } = await open({ "config.json": config });
    expect(network.labels).toEqual(["one", "n2", "three"]);
  });

  it("of another network is not believed, and named", async () => {
    const config = { ...timm, num_classes: 4 };
    const { network, report } = await open({ "config.json": config });
    const alone = await open({});
    expect(report.sources).toEqual([]);
    expect(network.input).toEqual(alone.network.input);
    expect(network.preprocessing).toEqual(alone.network.preprocessing);
    expect(network.labels).toEqual(alone.network.labels);
    expect(network.provenance.warnings).toEqual([
      '"config.json" speaks of 4 classes, and no layer of the file has so many outputs. It is about another network, and was not used.',
      ...alone.network.provenance.warnings,
    ]);
  });

  it("of as many classes as another layer has outputs is not believed", async () => {
    const config = { ...timm, num_classes: 2 };
    const { network, report } = await open({ "config.json": config });
    expect(report.sources).toEqual([]);
    expect(network.provenance.warnings[0]).toContain(
      "speaks of 2 classes, and the network has 3",
    );
  });

  it("of another kind of network is not believed", async () => {
    const config = { ...timm, architecture: "vgg16_bn.tv_in1k" };
    const { network, report } = await open({ "config.json": config });
    expect(report.sources).toEqual([]);
    expect(network.provenance.warnings[0]).toContain("vgg16_bn.tv_in1k");
  });

  it("names what weights do not say", async () => {
    const config = {
      ...timm,
      model_args: { act_layer: "leaky_relu", aa_layer: null, drop_rate: 0.1 },
    };
    const { report } = await open({ "config.json": config });
    expect(report.assumptions).toContainEqual(
      expect.objectContaining({
        key: "activation",
        value: "leaky:0.01",
        from: "file",
        because: "As config.json says.",
      }),
    );
  });

  it("names the arguments timm made the network with", async () => {
    const hub = join(references, "timm-arguments/hub");
    const files = await openNetworkFiles(hub);
    const { report } = await openNetwork(files, readOptions);
    const said = report.assumptions.filter(({ from }) => from === "file");
    expect(said.map(({ key, value }) => [key, value])).toEqual(
      expect.arrayContaining([
        ["activation", "leaky:0.01"],
        ["dilation", "1,1,2,4"],
        ["pooling", "max"],
      ]),
    );
  });

  it("has the pooling outside of the arguments in older files", async () => {
    const config = { ...timm, global_pool: "max" };
    const { report } = await open({ "config.json": config });
    expect(report.assumptions).toContainEqual(
      expect.objectContaining({ key: "pooling", value: "max", from: "file" }),
    );
  });

  it("with an argument nobody knows is refused by it", async () => {
    const model_args = { use_conv: true };
    const fault = await faultOf(
      open({ "config.json": { ...timm, model_args } }),
    );
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toContain("use_conv=true");
    // about another file, it refuses nothing
    const other = { ...timm, model_args, num_classes: 1000 };
    const { network } = await open(
      { "config.json": other },
      { chosen: "model.safetensors" },
    );
    expect(network.provenance.warnings[0]).toContain("1000 classes");
  });

  it("goes behind a card", async () => {
    const card = {
      name: "mine",
      preprocessing: { order: "RGB", mean: [1, 2, 3], std: [4, 5, 6] },
    };
    const { network } = await open({
      "config.json": timm,
      "card.json": card,
      "labels.json": ["x", "y", "z"],
    });
    expect(network.preprocessing).toEqual(card.preprocessing);
    expect(network.labels).toEqual(["x", "y", "z"]);
  });

  it.each([
    ["no JSON", "{nope"],
    ["nested beyond measure", "[".repeat(50_000)],
    ["too large", new Uint8Array(8 * 2 ** 20 + 1).fill(32)],
    ["a list", [1, 2]],
    ["another program's", { compilerOptions: {}, name: "x" }],
  ])("that is %s is left out", async (_, content) => {
    const { network, report } = await open({ "config.json": content });
    expect(report.sources).toEqual([]);
    expect(network.provenance.warnings).toEqual(
      (await open({})).network.provenance.warnings,
    );
  });
});

const transformers = {
  model_type: "resnet",
  architectures: ["ResNetForImageClassification"],
  layer_type: "basic",
  id2label: { 1: "dog", 0: "cat", 2: "bird" },
  transformers_version: "4.0.0",
};

describe("transformers' config.json", () => {
  it("names classes by index in any order", async () => {
    const { network } = await open({ "config.json": transformers });
    expect(network.labels).toEqual(["cat", "dog", "bird"]);
  });

  it("with two activations in one network is refused", async () => {
    const fault = await faultOf(
      open({ "config.json": { ...transformers, hidden_act: "silu" } }),
    );
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toContain("hidden_act=silu");
  });

  it("may say nothing but the count", async () => {
    const id2label = { 0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2" };
    const { network, report } = await open({
      "config.json": { ...transformers, id2label },
    });
    expect(network.labels).toEqual(["class 0", "class 1", "class 2"]);
    expect(report.sources).toEqual(["config.json"]);
  });

  const mean = [0.5, 0.4, 0.3];
  const std = [0.1, 0.2, 0.25];
  const numbers = { image_mean: mean, image_std: std };
  it.each<[string, object, (x: number, m: number, s: number) => number]>([
    ["usual numbers", numbers, (x, m, s) => (x / 255 - m) / s],
    [
      "a factor of its own",
      { ...numbers, rescale_factor: 1 / 127.5, rescale_offset: true },
      (x, m, s) => (x / 127.5 - 1 - m) / s,
    ],
    ["no normalising", { ...numbers, do_normalize: false }, (x) => x / 255],
    [
      "no rescaling",
      { image_mean: mean, image_std: std, do_rescale: false },
      (x, m, s) => (x - m) / s,
    ],
    [
      "EfficientNet's second division",
      { ...numbers, image_processor_type: "EfficientNetImageProcessor" },
      (x, m, s) => (x / 255 - m) / s / s,
    ],
    [
      "EfficientNet's without it",
      {
        ...numbers,
        image_processor_type: "EfficientNetImageProcessor",
        include_top: false,
      },
      (x, m, s) => (x / 255 - m) / s,
    ],
  ])("with a preprocessor of %s", async (_, content, expected) => {
    const { network, report } = await open({
      "config.json": transformers,
      "preprocessor_config.json": {
        ...content,
        do_resize: true,
        size: { shortest_edge: 48 },
      },
    });
    for (const channel of [0, 1, 2])
      for (const p of [0, 100, 255])
        expect(prepared(network.preprocessing, p, channel)).toBeCloseTo(
          expected(p, mean[channel] ?? NaN, std[channel] ?? NaN),
          9,
        );
    expect(network.input).toEqual([48, 48, 3]);
    expect(report.sources).toEqual(["config.json", "preprocessor_config.json"]);
    expect(report.because).toContain('"preprocessor_config.json"');
  });

  it("with a preprocessor that turns red and blue, and cuts", async () => {
    const { network } = await open({
      "config.json": transformers,
      "preprocessor_config.json": {
        do_flip_channel_order: true,
        do_center_crop: true,
        crop_size: { height: 40, width: 56 },
        size: { shortest_edge: 60 },
      },
    });
    expect(network.preprocessing).toEqual({
      order: "BGR",
      mean: [0, 0, 0],
      std: [255, 255, 255],
    });
    expect(network.input).toEqual([40, 56, 3]);
  });

  it.each<[string, object, string]>([
    ["a step nobody knows", { do_color_quantize: true }, "do_color_quantize"],
    ["a std of 0", { image_mean: [0], image_std: [0] }, "its numbers"],
    ["words for numbers", { image_mean: "x", image_std: [1] }, "its numbers"],
    [
      "too few channels",
      { image_mean: [0.1, 0.2], image_std: [1, 1] },
      "3 channels",
    ],
  ])("with a preprocessor of %s says so", async (_, content, words) => {
    const { network, report } = await open({
      "config.json": transformers,
      "preprocessor_config.json": content,
    });
    expect(report.from.preprocessing).toBe("guess");
    expect(network.provenance.warnings.join()).toContain(words);
  });
});

it.each(readdirSync(references))(
  "%s gives the framework's numbers",
  async (name) => {
    await expectParity(join(references, name), backend);
  },
);

describe("a folder that transformers saved", () => {
  it.each(readdirSync(references).filter((name) => isHub(name)))(
    "%s is read with the names, settings and pixels in it",
    async (name) => {
      const folder = join(references, name);
      const { network, report } = await openNetwork(
        await openNetworkFiles(join(folder, "hub")),
        readOptions,
      );
      const { pixel, value } = preparedSchema.parse(
        JSON.parse(readFileSync(join(folder, "prepared.json"), "utf8")),
      );
      for (const [channel, expected] of value.entries())
        expect(
          prepared(network.preprocessing, pixel[channel] ?? NaN, channel),
        ).toBeCloseTo(expected, 4);
      const { size } = referenceSchema.parse(
        JSON.parse(readFileSync(join(folder, "reference.json"), "utf8")),
      );
      expect(network.input).toEqual([...size, 3]);
      expect(network.labels).toEqual(["ä", "b", "c", "d", "e"]);
      expect(report.sources.slice(0, 2)).toEqual([
        "config.json",
        "preprocessor_config.json",
      ]);
      expect(
        report.assumptions.find(({ key }) => key === "activation")?.from,
      ).toBe("file");
    },
  );
});

it.each(readdirSync(references).filter((name) => isHub(name)))(
  "%s is the same network under the names it has in memory",
  async (name) => {
    const hub = join(references, name, "hub");
    const weightsOf = async (weights: Contents) => {
      const config = readFileSync(join(hub, "config.json"));
      const { network } = await openNetwork(
        memoryFiles({ ...weights, "config.json": config }),
        readOptions,
      );
      return network.nodes.map(({ weights: own }) =>
        Object.values(own).map(({ data }) => data),
      );
    };
    const saved = readdirSync(hub).filter((one) => one.startsWith("model"));
    const expected = await weightsOf(
      Object.fromEntries(
        saved.map((one) => [one, readFileSync(join(hub, one))]),
      ),
    );
    const memory = readFileSync(join(references, name, "memory.pth"));
    expect(expected.flat().length).toBeGreaterThan(10);
    expect(await weightsOf({ "memory.pth": memory })).toEqual(expected);
  },
);

/** Whether transformers made it, as test/references/make-beside.py says. */
function isHub(name: string): boolean {
  return existsSync(join(references, name, "prepared.json"));
}

describe("Teachable Machine's labels.txt", () => {
  const folder = join(references, "teachable-h5");
  const h5 = readFileSync(join(folder, "keras_model.h5"));

  const openH5 = (labels: string, chosen: string | null = "keras_model.h5") =>
    openNetwork(
      memoryFiles({ "keras_model.h5": h5, "labels.txt": labels }, "x", chosen),
      readOptions,
    );

  it("gives the numbers of Keras, and the names", async () => {
    const { told } = await expectParity(folder, backend);
    expect(told.labels).toEqual({
      kind: "list",
      labels: ["Äpfel", "バナナ", "Class 3"],
    });
  });

  it.each([null, "keras_model.h5"])(
    "means -1..1, as assumed (%s)",
    async (chosen) => {
      const { network, report } = await openH5(
        "2 c\r\n0 a\r\n1 b b\r\n",
        chosen,
      );
      expect(network.preprocessing).toEqual(presetFor("signed", 3));
      expect(network.labels).toEqual(["a", "b b", "c"]);
      expect(report.from.preprocessing).toBe("guess");
      expect(report.because).toContain("assumed");
      expect(report.sources).toEqual(["labels.txt"]);
    },
  );

  it.each([
    ["of other classes", "0 a\n1 b\n2 c\n3 d", /"labels.txt" speaks of 4/],
    ["without numbers", "a\nb\nc", null],
    ["with a number twice", "0 a\n1 b\n1 c", null],
    ["that counts from 1", "1 a\n2 b\n3 c", null],
    ["of nothing", "", null],
  ])("%s is not believed", async (_, text, warning) => {
    const { network, report } = await openH5(text);
    expect(network.preprocessing).toEqual(presetFor("unit", 3));
    expect(network.labels).toEqual(["class 0", "class 1", "class 2"]);
    expect(report.sources).toEqual([]);
    if (warning) expect(network.provenance.warnings.join()).toMatch(warning);
    else expect(network.provenance.warnings).toEqual([]);
  });
});

describe("Teachable Machine's metadata.json", () => {
  const openLayers = (content: unknown) => {
    const folder = handwritten([
      ["GlobalAveragePooling2D", {}],
      ["Activation", { activation: "softmax" }],
    ]);
    return openNetwork(
      memoryFiles({ ...folder, "metadata.json": content }, "x"),
      readOptions,
    );
  };

  it("means -1..1, and gives the names", async () => {
    const { network, report } = await openLayers(metadata);
    expect(network.preprocessing).toEqual(presetFor("signed", 3));
    expect(network.labels).toEqual(metadata.labels);
    expect(report.from).toMatchObject({
      preprocessing: "file",
      labels: "file",
    });
    expect(report.sources).toEqual(["metadata.json"]);
  });

  it.each([
    ["of sounds", { ...metadata, packageName: "@teachablemachine/audio" }],
    ["of another program", { labels: metadata.labels }],
  ])("%s is left out", async (_, content) => {
    const { report } = await openLayers(content);
    expect(report.sources).toEqual([]);
  });
});
