/** Keras' files that are unusual, incomplete or hostile, written by libhdf5 (as WebAssembly) here. */
import h5wasm from "h5wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { openNetwork } from "../../../src/engine";
import type { FaultCode } from "../../../src/shared/fault";
import { handwritten } from "./layers-model";
import { faultOf, memoryFiles, readOptions } from "./memory-files";
import { zipOf } from "./zip-bytes";

type Group = Pick<
  InstanceType<typeof h5wasm.Group>,
  "create_attribute" | "create_dataset" | "create_group"
>;
let module: Awaited<typeof h5wasm.ready>;
beforeAll(async () => {
  module = await h5wasm.ready;
});

let written = 0;
function write(content: (file: Group) => void): Uint8Array {
  const path = `/keras-${written++}.h5`;
  const file = new h5wasm.File(path, "w", { libver: ["earliest", "v200"] });
  content(file);
  file.close();
  const bytes = module.FS.readFile(path);
  module.FS.unlink(path);
  return bytes;
}

type Layers = readonly (readonly [string, object])[];
const plain: Layers = [
  ["GlobalAveragePooling2D", { name: "mean" }],
  ["Dense", { name: "logits", units: 2 }],
];

/** model_config of a Sequential model on images of 4 x 4. */
function configOf(layers: Layers) {
  const input = {
    class_name: "InputLayer",
    config: { name: "image", batch_input_shape: [null, 4, 4, 3] },
  };
  const others = layers.map(([className, config], i) => ({
    class_name: className,
    config: { name: `layer${i}`, ...config },
  }));
  return {
    class_name: "Sequential",
    config: { name: "net", layers: [input, ...others] },
  };
}

const kernel = Float32Array.from([1, 2, 3, 4, 5, 6]);
const bias = Float32Array.of(7, 8);

/** The weights of a layer called "logits", by these names. */
function logits(file: Group, names: readonly string[], values = kernel) {
  const group = file.create_group("logits");
  if (names.length > 0) group.create_attribute("weight_names", [...names]);
  const inner = group.create_group("logits");
  const [first = "", second] = names.map((n) => n.replace(/.*\//, ""));
  inner.create_dataset({ name: first, data: values, shape: [3, 2] });
  if (second !== undefined)
    inner.create_dataset({ name: second, data: bias, shape: [2] });
}

function h5(
  layers: Layers,
  weights: (group: Group) => void = (group) => {
    logits(group, ["logits/kernel:0", "logits/bias:0"]);
  },
): Uint8Array {
  return write((file) => {
    file.create_attribute("keras_version", "2.9.0");
    file.create_attribute("model_config", JSON.stringify(configOf(layers)));
    weights(file.create_group("model_weights"));
  });
}

const open = (bytes: Uint8Array, name = "net.h5") =>
  openNetwork(memoryFiles({ [name]: bytes }, name, name), readOptions);

async function expectFault(
  bytes: Uint8Array,
  code: FaultCode,
  words: RegExp,
  name?: string,
): Promise<void> {
  const fault = await faultOf(open(bytes, name));
  expect(`${fault.message} ${fault.remedy ?? ""}`).toMatch(words);
  expect(fault.code).toBe(code);
}

describe("an .h5", () => {
  it("opens, whatever it is called", async () => {
    for (const name of ["net.h5", "net.hdf5", "net"]) {
      const { network } = await open(h5(plain), name);
      const [, dense] = network.nodes;
      expect(dense?.weights["kernel"]).toEqual({ shape: [3, 2], data: kernel });
      expect(dense?.weights["bias"]?.data).toEqual(bias);
      expect(network.provenance.producer).toBe("Keras 2.9.0");
      expect(network.told.fixedSize).toEqual([4, 4]);
    }
  });

  it("has names of its first years, which count by their order", async () => {
    const { network } = await open(
      h5(plain, (group) => {
        logits(group, ["logits/logits_W_1:0", "logits/logits_b_1:0"]);
      }),
    );
    expect(network.nodes[1]?.weights["kernel"]?.data).toEqual(kernel);
    expect(network.nodes[1]?.weights["bias"]?.data).toEqual(bias);
  });

  it("may have its list of names in parts", async () => {
    const { network } = await open(
      h5(plain, (file) => {
        const group = file.create_group("logits");
        group.create_attribute("weight_names0", ["kernel:0"]);
        group.create_attribute("weight_names1", ["bias:0"]);
        group.create_dataset({ name: "kernel:0", data: kernel, shape: [3, 2] });
        group.create_dataset({ name: "bias:0", data: bias, shape: [2] });
      }),
    );
    expect(network.nodes[1]?.weights["bias"]?.data).toEqual(bias);
  });

  it("runs no code: what it cannot do is refused by name", async () => {
    const code = [
      ...plain,
      ["Lambda", { name: "odd", function: ["4wEA"] }],
    ] as const;
    await expectFault(h5(code), "unsupported-network", /"odd" is a Lambda/);
    const foreign = [...plain, ["mine>Net", { name: "odd" }]] as const;
    await expectFault(
      h5(foreign),
      "unsupported-network",
      /"odd" is of the class mine>Net/,
    );
    const pushed = [
      ["MaxPooling2D", { data_format: "channels_first", name: "pool" }],
      ...plain,
    ] as const;
    await expectFault(h5(pushed), "unsupported-network", /"pool".*channels/);
  });

  it.each<[string, () => Uint8Array, FaultCode, RegExp]>([
    [
      "without a topology",
      () =>
        write((file) => {
          file.create_attribute("layer_names", ["a", "b"]);
        }),
      "unsupported-network",
      /weights alone.*load_weights/,
    ],
    [
      "of something else",
      () =>
        write((file) => {
          file.create_dataset({ name: "temperature", data: kernel });
        }),
      "damaged-file",
      /no Keras model/,
    ],
    [
      "with a topology that is no JSON",
      () =>
        write((file) => {
          file.create_attribute("model_config", "{");
        }),
      "damaged-file",
      /not readable/,
    ],
    [
      "without weights",
      () =>
        write((file) => {
          const config = JSON.stringify(configOf(plain));
          file.create_attribute("model_config", config);
        }),
      "damaged-file",
      /no weights/,
    ],
    [
      "without one of its weights",
      () => h5(plain, (group) => logits(group, ["logits/kernel:0"])),
      "damaged-file",
      /"logits\/bias" is missing/,
    ],
    [
      "with a value that is no number",
      () =>
        h5(plain, (group) => {
          const values = kernel.slice();
          values[4] = NaN;
          logits(group, ["logits/kernel:0", "logits/bias:0"], values);
        }),
      "damaged-file",
      /"logits\/kernel:0".*NaN at position 4/,
    ],
    [
      "with whole numbers as weights",
      () =>
        h5(plain, (file) => {
          const group = file.create_group("logits");
          group.create_attribute("weight_names", ["kernel:0", "bias:0"]);
          const data = Int32Array.of(1, 2, 3, 4, 5, 6);
          group.create_dataset({ name: "kernel:0", data, shape: [3, 2] });
        }),
      "damaged-file",
      /does not hold floats, but int32/,
    ],
  ])("%s is refused", async (_, bytes, code, words) => {
    await expectFault(bytes(), code, words);
  });
});

describe("a .keras", () => {
  const config = {
    ...configOf([]),
    config: {
      name: "net",
      layers: [
        {
          class_name: "InputLayer",
          module: "keras.layers",
          config: { name: "image", batch_shape: [null, 4, 4, 3] },
        },
        {
          class_name: "GlobalAveragePooling2D",
          module: "keras.layers",
          config: { name: "mean" },
        },
        {
          class_name: "Dense",
          module: "keras.layers",
          config: { name: "logits", units: 2 },
        },
      ],
    },
  };
  /** Weights in a group of this name, with or without a word about whose they are. */
  const weights = (group: string, name: string | null) =>
    write((file) => {
      const vars = file
        .create_group("layers")
        .create_group(group)
        .create_group("vars");
      if (name !== null) vars.create_attribute("name", name);
      vars.create_dataset({ name: "0", data: kernel, shape: [3, 2] });
      vars.create_dataset({ name: "1", data: bias, shape: [2] });
    });
  const json = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value));
  const archive = (entries: Readonly<Record<string, Uint8Array>>) =>
    zipOf(Object.entries(entries).map(([name, data]) => ({ name, data })));

  it.each<[string, string, string | null]>([
    ["its class", "dense", null],
    ["its own name", "logits", null],
    ["the name beside its weights", "anything", "logits"],
  ])("finds a layer's weights by %s", async (_, group, name) => {
    const bytes = archive({
      "config.json": json(config),
      "metadata.json": json({ keras_version: "3.5.0" }),
      "model.weights.h5": weights(group, name),
    });
    const { network } = await open(bytes, "net.keras");
    expect(network.nodes[1]?.weights["kernel"]?.data).toEqual(kernel);
    expect(network.nodes[1]?.weights["bias"]?.data).toEqual(bias);
    expect(network.provenance.producer).toBe("Keras 3.5.0");
  });

  it.each<[string, () => Record<string, Uint8Array>, RegExp]>([
    [
      "its topology",
      () => ({ "model.weights.h5": weights("dense", null) }),
      /config\.json/,
    ],
    [
      "its weights",
      () => ({ "config.json": json(config) }),
      /model\.weights\.h5/,
    ],
    [
      "a layer's weights",
      () => ({
        "config.json": json(config),
        "model.weights.h5": weights("dense_5", "other"),
      }),
      /"logits\/kernel" is missing/,
    ],
  ])("without %s is refused", async (_, entries, words) => {
    await expectFault(archive(entries()), "damaged-file", words, "net.keras");
  });
});

describe("the pixels a network wants", () => {
  const told = async (layers: Layers) => {
    const files = memoryFiles(
      handwritten([...layers, ["GlobalAveragePooling2D", {}]]),
    );
    return (await openNetwork(files, readOptions)).network.told.preprocessing;
  };

  it.each<[string, Layers, "file" | "guess", number]>([
    ["0..1 of 0..255", [["Rescaling", { scale: 1 / 255 }]], "file", 1],
    [
      "-1..1 of 0..255, after an augmentation",
      [
        ["RandomFlip", {}],
        ["Rescaling", { scale: 1 / 127.5, offset: -1 }],
      ],
      "file",
      1,
    ],
    [
      "a mean taken off",
      [["Normalization", { mean: [120, 110, 100], variance: [1, 1, 1] }]],
      "file",
      1,
    ],
    ["-1..1 of 0..1", [["Rescaling", { scale: 2, offset: -1 }]], "guess", 255],
  ])("are told by its first layers: %s", async (_, layers, from, std) => {
    const found = await told(layers);
    expect(found?.from).toBe(from);
    expect(found?.value).toEqual({
      order: "RGB",
      mean: [0, 0, 0],
      std: [std, std, std],
    });
  });

  it("are not told where nothing says them", async () => {
    expect(await told([])).toBeNull();
    expect(await told([["Rescaling", { scale: 1 }]])).toBeNull();
  });
});
