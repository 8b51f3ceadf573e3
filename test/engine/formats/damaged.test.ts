/** What strangers' files may look like: every one is refused with a code and a sentence that names the trouble. */
import { createHash } from "node:crypto";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { openNetwork } from "../../../src/engine";
import { openBackend } from "../../../src/main/host/backend";
import type { FaultCode } from "../../../src/shared/fault";
import { folderOf, handwritten, save, type Saved } from "./layers-model";
import {
  faultOf,
  memoryFiles,
  readOptions,
  type Contents,
} from "./memory-files";

const { layers } = tf;
let saved: Saved;

beforeAll(async () => {
  await openBackend();
  saved = await save(
    tf.sequential({
      layers: [
        layers.conv2d({
          name: "conv",
          inputShape: [6, 6, 3],
          filters: 4,
          kernelSize: 3,
        }),
        layers.flatten({ name: "flat" }),
        layers.dense({ name: "logits", units: 5 }),
      ],
    }),
  );
});

async function expectFault(
  contents: Contents,
  code: FaultCode,
  ...words: readonly (string | RegExp)[]
): Promise<void> {
  const fault = await faultOf(openNetwork(memoryFiles(contents), readOptions));
  expect(fault.code).toBe(code);
  for (const word of words) expect(fault.message).toMatch(word);
}

/** The model with its manifest's only group changed. */
function withGroup(
  change: (group: {
    paths: string[];
    weights: Record<string, unknown>[];
  }) => void,
): Record<string, unknown> {
  const model = JSON.parse(JSON.stringify(saved.model)) as {
    weightsManifest: [{ paths: string[]; weights: Record<string, unknown>[] }];
  };
  change(model.weightsManifest[0]);
  return { "model.json": model, "weights.bin": saved.weights };
}

function firstWeight(
  changes: Record<string, unknown>,
): Record<string, unknown> {
  return withGroup(({ weights }) => Object.assign(weights[0] ?? {}, changes));
}

describe("a sound folder", () => {
  it("opens", async () => {
    const { network } = await openNetwork(
      memoryFiles(folderOf(saved)),
      readOptions,
    );
    expect(network.shapes.get("logits")).toEqual([5]);
  });
});

describe("a folder that is no network", () => {
  it.each<[string, Contents, string | RegExp]>([
    ["is empty", {}, "no files"],
    ["holds pictures", { "a.png": "x", "b.png": "y" }, '"a.png", "b.png"'],
    ["holds a card only", { "card.json": {} }, "card.json"],
    [
      "has a model.json that is text",
      { "model.json": "hello" },
      "not readable",
    ],
    [
      "has a model.json cut off",
      { "model.json": '{"format":' },
      "not readable",
    ],
    [
      "has a model.json that is no UTF-8",
      { "model.json": Uint8Array.of(0xff, 0xfe, 0x00) },
      "not readable",
    ],
    ["has a list as model.json", { "model.json": [1, 2] }, "no topology"],
    [
      "has a model in another format",
      { "model.json": { format: "weights only", weights: [] } },
      "weights only",
    ],
    [
      "has brackets without end",
      { "model.json": "[".repeat(200_000) },
      "not readable",
    ],
  ])("%s", async (_, contents, words) => {
    await expectFault(contents, "damaged-file", words);
  });
});

describe("weights that do not fit", () => {
  it.each<[string, () => Contents, readonly (string | RegExp)[]]>([
    ["missing shard", () => ({ "model.json": saved.model }), ["weights.bin"]],
    [
      "short shard",
      () => ({
        "model.json": saved.model,
        "weights.bin": saved.weights.slice(0, -4),
      }),
      ["weights.bin", "manifest asks for"],
    ],
    [
      "long shard",
      () => ({
        "model.json": saved.model,
        "weights.bin": new Uint8Array(saved.weights.length + 4),
      }),
      ["weights.bin"],
    ],
    [
      "no manifest",
      () => ({ "model.json": { ...saved.model, weightsManifest: null } }),
      ["manifest"],
    ],
    [
      "a group without paths",
      () => withGroup((g) => Object.assign(g, { paths: 1 })),
      ["no paths"],
    ],
    [
      "a larger shape",
      () => firstWeight({ shape: [3, 3, 3, 5] }),
      ["weights.bin"],
    ],
    [
      "another shape of the same size",
      () => firstWeight({ shape: [3, 3, 4, 3] }),
      ['"conv"', "kernel"],
    ],
    [
      "a shape larger than memory",
      () => firstWeight({ shape: [2 ** 20, 2 ** 20, 2 ** 12] }),
      ["GiB"],
    ],
    [
      "a shape beyond exact numbers",
      () => firstWeight({ shape: [2 ** 40, 2 ** 40, 0.5] }),
      ["shape"],
    ],
    [
      "a negative dimension",
      () => firstWeight({ shape: [-3, 3, 3, 4] }),
      ["shape"],
    ],
    [
      "a shape without end",
      () => firstWeight({ shape: new Array(60).fill(1) }),
      ["shape"],
    ],
    ["an unknown type", () => firstWeight({ dtype: "string" }), ["string"]],
    [
      "bytes without a scale",
      () => firstWeight({ quantization: { dtype: "uint8", min: 0 } }),
      ["scale"],
    ],
    [
      "a scale that is no number",
      () =>
        firstWeight({ quantization: { dtype: "uint8", min: 0, scale: "1" } }),
      ["scale"],
    ],
    [
      "another name",
      () => firstWeight({ name: "conv/kernel2" }),
      ["conv/kernel"],
    ],
    [
      "a name twice",
      () => firstWeight({ name: "conv/bias" }),
      ["conv/bias", "twice"],
    ],
    ["no name", () => firstWeight({ name: 7 }), ["without a name"]],
  ])("%s", async (_, contents, words) => {
    await expectFault(contents(), "damaged-file", ...words);
  });

  it.each([NaN, Infinity, -Infinity])("the value %d", async (value) => {
    const weights = saved.weights.slice();
    new DataView(weights.buffer).setFloat32(40, value, true);
    await expectFault(
      { "model.json": saved.model, "weights.bin": weights },
      "damaged-file",
      "conv/kernel",
      String(value),
      "position 10",
    );
  });

  it.each([
    "http://example.org/w.bin",
    "file:///etc/passwd",
    "/etc/passwd",
    "../weights.bin",
    "a/../../weights.bin",
    "a\\..\\weights.bin",
    "C:\\weights.bin",
    "w\0.bin",
    "",
  ])("the path %j", async (path) => {
    await expectFault(
      withGroup((group) => (group.paths = [path])),
      "damaged-file",
      "outside the network's folder",
    );
  });
});

describe("topologies", () => {
  it("name every layer that cannot be done in one fault, and what can", async () => {
    const contents = handwritten([
      ["Lambda", { function: "evil" }],
      ["Conv3D", {}],
      ["constructor", {}],
      ["Activation", { activation: "sparsemax" }],
      ["ReLU", { threshold: 1, max_value: 6 }],
      ["Conv2D", { padding: "causal" }],
      ["MaxPooling2D", { data_format: "channels_first" }],
      ["GlobalAveragePooling2D", {}],
    ]);
    const fault = await faultOf(
      openNetwork(memoryFiles(contents), readOptions),
    );
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toContain("7 layers");
    for (const word of [
      '"layer0" is a Lambda',
      '"layer1" is a Conv3D',
      '"layer2" is a constructor',
      "and 4 more",
    ])
      expect(fault.message).toContain(word);
    expect(fault.remedy).toContain("ONNX");
  });

  type Change = (
    layers: Record<string, unknown>[],
    config: Record<string, unknown>,
  ) => void;
  /** A functional topology input -> mean -> flat, changed. */
  function functional(change: Change): Contents {
    const list: Record<string, unknown>[] = [
      {
        class_name: "InputLayer",
        name: "in",
        config: { name: "in", batch_input_shape: [null, 4, 5, 3] },
        inbound_nodes: [],
      },
      {
        class_name: "GlobalAveragePooling2D",
        name: "mean",
        config: { name: "mean" },
        inbound_nodes: [[["in", 0, 0, {}]]],
      },
      {
        class_name: "Flatten",
        name: "flat",
        config: { name: "flat" },
        inbound_nodes: [[["mean", 0, 0, {}]]],
      },
    ];
    const config: Record<string, unknown> = {
      name: "model",
      layers: list,
      input_layers: [["in", 0, 0]],
      output_layers: [["flat", 0, 0]],
    };
    change(list, config);
    return {
      "model.json": {
        modelTopology: { class_name: "Functional", config },
        weightsManifest: [],
      },
    };
  }
  const inbound =
    (layer: number, nodes: unknown): Change =>
    (list) =>
      Object.assign(list[layer] ?? {}, { inbound_nodes: nodes });
  const configOf =
    (layer: number, values: object): Change =>
    (list) =>
      Object.assign(list[layer]?.["config"] ?? {}, values);

  it("of both kinds open when they are sound", async () => {
    const sound = functional(() => undefined);
    const { network } = await openNetwork(memoryFiles(sound), readOptions);
    expect(network.nodes.map((n) => n.name)).toEqual(["mean", "flat"]);
    const bare = functional((_, config) =>
      Object.assign(config, {
        input_layers: ["in", 0, 0],
        output_layers: ["flat", 0, 0],
      }),
    );
    await openNetwork(memoryFiles(bare), readOptions);
  });

  it.each<[string, Change, FaultCode, string]>([
    [
      "reads itself",
      inbound(1, [[["flat", 0, 0]]]),
      "damaged-file",
      "depends on it",
    ],
    [
      "reads a layer that is not there",
      inbound(1, [[["gone", 0, 0]]]),
      "damaged-file",
      "gone",
    ],
    ["reads a call that is not there", inbound(2, []), "damaged-file", "flat"],
    [
      "reads a second output",
      inbound(2, [[["mean", 0, 1]]]),
      "unsupported-network",
      "Output 1 of the layer",
    ],
    ["reads nonsense", inbound(2, [[[7, 0, 0]]]), "damaged-file", "no layer"],
    [
      "reads two where one belongs",
      inbound(2, [
        [
          ["mean", 0, 0],
          ["mean", 0, 0],
        ],
      ]),
      "unsupported-network",
      "2 inputs",
    ],
    [
      "has a name twice",
      (list) => list.push({ ...list[1] }),
      "damaged-file",
      "same name",
    ],
    ["has no layers", (list) => list.splice(0), "damaged-file", "no layers"],
    [
      "has no outputs",
      (_, config) => (config["output_layers"] = []),
      "damaged-file",
      "outputs",
    ],
    [
      "is its input",
      (_, config) => (config["output_layers"] = [["in", 0, 0]]),
      "unsupported-network",
      "nothing with its input",
    ],
    [
      "has an input that is no image",
      configOf(0, { batch_input_shape: [null, 10] }),
      "unsupported-network",
      "a row of 10 numbers",
    ],
    [
      "has open channels",
      configOf(0, { batch_input_shape: [null, 4, 4, null] }),
      "unsupported-network",
      "channels",
    ],
    [
      "has an input of half pixels",
      configOf(0, { batch_input_shape: [null, 4.5, 4, 3] }),
      "damaged-file",
      "batch_input_shape",
    ],
    [
      "has an input larger than a wall",
      configOf(0, { batch_input_shape: [null, 1e6, 1e6, 3] }),
      "unsupported-network",
      "1000000",
    ],
    [
      "has a setting of the wrong type",
      configOf(1, { keepdims: "yes" }),
      "damaged-file",
      "keepdims",
    ],
    [
      "has a call in Keras 3's way that reads nothing",
      inbound(1, [{ args: [], kwargs: {} }]),
      "damaged-file",
      "reads no output",
    ],
    [
      "has a call in Keras 3's way without arguments",
      inbound(1, [{ kwargs: {} }]),
      "damaged-file",
      "inbound nodes",
    ],
    [
      "is given lists in lists without end",
      inbound(1, [
        { args: [JSON.parse("[".repeat(50) + "]".repeat(50))], kwargs: {} },
      ]),
      "damaged-file",
      "inbound nodes",
    ],
    [
      "is called with a class that others registered",
      (list) => Object.assign(list[1] ?? {}, { registered_name: "mine>Mean" }),
      "unsupported-network",
      "mine>Mean",
    ],
  ])("%s", async (_, change, code, words) => {
    const pattern = words.startsWith("[")
      ? words.replaceAll(/[[\]]/g, "\\$&")
      : words;
    await expectFault(functional(change), code, new RegExp(pattern));
  });

  it("with models in models in models without end are refused", async () => {
    let inner: object = { class_name: "Flatten", config: { name: "end" } };
    for (let i = 0; i < 50; i++)
      inner = {
        class_name: "Sequential",
        config: { name: `model${i}`, layers: [inner] },
      };
    await expectFault(
      { "model.json": { modelTopology: inner, weightsManifest: [] } },
      "damaged-file",
      "deep",
    );
  });

  it("with a chain of thousands of layers do not break the stack", async () => {
    const contents = handwritten([
      ["GlobalAveragePooling2D", {}],
      ...Array.from(
        { length: 8000 },
        () => ["Reshape", { target_shape: [3] }] as const,
      ),
    ]);
    const { network } = await openNetwork(memoryFiles(contents), readOptions);
    expect(network.nodes).toHaveLength(8001);
  });

  it("that lead an operation beyond its input are refused by name", async () => {
    await expectFault(
      handwritten([["AveragePooling2D", { pool_size: 7 }]]),
      "unsupported-network",
      '"layer0" (average-pool)',
      "7 x 7",
    );
  });

  it.each<[string, object, string]>([
    ["ZeroPadding2D", { padding: 1_000_000 }, "2000004, 2000005, 3"],
    ["MaxPooling2D", { pool_size: 1e9, padding: "same" }, "1000000000 x"],
    ["AveragePooling2D", { strides: 1e9, padding: "same" }, "1000000000"],
  ])(
    "that would fill the memory are refused: %s",
    async (name, config, words) => {
      await expectFault(
        handwritten([[name, config]]),
        "unsupported-network",
        words,
      );
    },
  );
});

describe("the input size", () => {
  const open = (size: readonly [number, number] | null, card?: object) => {
    const contents: Record<string, unknown> = handwritten([
      ["GlobalAveragePooling2D", {}],
    ]);
    const text = JSON.stringify(contents["model.json"]);
    contents["model.json"] = text.replace("null,4,5,3", "null,null,null,3");
    if (card) contents["card.json"] = card;
    return openNetwork(memoryFiles(contents), { ...readOptions, size });
  };
  const card = { input: { height: 7, width: 8, channels: 3 } };

  it("is the usual one where nothing fixes it, and that is said", async () => {
    const { network, report } = await open(null);
    expect(network.input).toEqual([224, 224, 3]);
    expect(report).toMatchObject({
      fixedSize: null,
      answers: { size: [224, 224] },
      from: { size: "guess" },
    });
    expect(report.because).toContain("224 x 224 is taken");
  });

  it("comes from the card, and what is asked for comes first", async () => {
    expect((await open(null, card)).network.input).toEqual([7, 8, 3]);
    expect((await open([9, 11], card)).network.input).toEqual([9, 11, 3]);
  });

  it("may be another than the file's where the layers allow it, and says so where not", async () => {
    const size = [8, 9] as const;
    const free = handwritten([["GlobalAveragePooling2D", {}]]);
    const opened = await openNetwork(memoryFiles(free), {
      ...readOptions,
      size,
    });
    expect(opened.network.input).toEqual([8, 9, 3]);
    const fault = await faultOf(
      openNetwork(memoryFiles(folderOf(saved)), { ...readOptions, size }),
    );
    expect(fault.code).toBe("invalid-request");
    expect(fault.message).toContain("8 x 9");
    expect(fault.remedy).toContain("6 x 6");
  });
});

describe("card and labels", () => {
  const sha = (bytes: Uint8Array) =>
    createHash("sha256").update(bytes).digest("hex");
  const card = {
    name: "A name",
    unknown: { anything: true },
    preprocessing: { order: "BGR", mean: [100], std: [50, 60, 70] },
  };
  const open = (beside: Contents) =>
    openNetwork(memoryFiles({ ...folderOf(saved), ...beside }), readOptions);

  it("give name, labels and preprocessing", async () => {
    const { network, card: read } = await open({
      "card.json": card,
      "labels.json": ["a", { label: "b", wnid: "n1" }, "", "d", "e"],
    });
    expect(network.name).toBe("A name");
    expect(network.labels).toEqual(["a", "b", "class 2", "d", "e"]);
    expect(network.preprocessing).toEqual({
      order: "BGR",
      mean: [100, 100, 100],
      std: [50, 60, 70],
    });
    expect(network.provenance.warnings).toEqual([]);
    expect(read?.name).toBe("A name");
  });

  it("are warned of where they are missing or do not fit", async () => {
    const without = (await open({})).network;
    expect(without.name).toBe("folder");
    expect(without.preprocessing).toEqual({
      order: "RGB",
      mean: [0, 0, 0],
      std: [255, 255, 255],
    });
    expect(without.labels).toEqual([0, 1, 2, 3, 4].map((i) => `class ${i}`));
    expect(without.provenance.warnings).toEqual([]);
    const few = (
      await open({
        "card.json": {
          ...card,
          input: { height: 32, width: 32, channels: 3 },
        },
        "labels.json": ["a", "b"],
      })
    ).network;
    expect(few.labels).toEqual(["a", "b", "class 2", "class 3", "class 4"]);
    expect(few.provenance.warnings.join()).toMatch(/32 x 32.*6 x 6/);
    expect(few.provenance.warnings.join()).toContain("2 labels for 5 classes");
    expect(few.input).toEqual([6, 6, 3]);
  });

  it.each<[string, Contents, string]>([
    [
      "an order that is none",
      {
        "card.json": {
          ...card,
          preprocessing: { ...card.preprocessing, order: "GBR" },
        },
      },
      "preprocessing.order",
    ],
    [
      "a std of 0",
      {
        "card.json": {
          ...card,
          preprocessing: { ...card.preprocessing, std: [0] },
        },
      },
      "preprocessing.std",
    ],
    [
      "two means for three channels",
      {
        "card.json": {
          ...card,
          preprocessing: { ...card.preprocessing, mean: [1, 2] },
        },
      },
      "2 values of mean",
    ],
    ["a name that is a number", { "card.json": { name: 7 } }, "name"],
    [
      "steps that are text",
      { "card.json": { ascent: { steps: "many" } } },
      "ascent.steps",
    ],
    [
      "an input without width",
      { "card.json": { input: { height: 3, channels: 3 } } },
      "input.width",
    ],
    [
      "a hash that is none",
      { "card.json": { sha256: { "model.json": "abc" } } },
      "sha256",
    ],
    ["text", { "card.json": "no card" }, "card.json"],
    ["labels that are numbers", { "labels.json": [1, 2, 3] }, "labels.json"],
    ["labels in an object", { "labels.json": { 0: "a" } }, "labels.json"],
  ])("are refused with %s", async (_, beside, words) => {
    const fault = await faultOf(open(beside));
    expect(fault.code).toBe("damaged-file");
    expect(fault.message).toContain(words);
  });

  it("refuse files other than those whose hashes they hold", async () => {
    const sums = {
      "weights.bin": sha(saved.weights).toUpperCase(),
      "not-there.bin": sha(saved.weights),
    };
    await open({ "card.json": { sha256: sums } });
    const weights = saved.weights.slice();
    weights[0] = (weights[0] ?? 0) ^ 1;
    const fault = await faultOf(
      open({ "card.json": { sha256: sums }, "weights.bin": weights }),
    );
    expect(fault.code).toBe("damaged-file");
    expect(fault.message).toContain("weights.bin");
    const labels = await faultOf(
      open({
        "card.json": { sha256: { "labels.json": sha(weights) } },
        "labels.json": ["a"],
      }),
    );
    expect(labels.message).toContain("labels.json");
  });
});
