/** Outputs, heads and inputs of Keras' files: what is reported of them, and what the user's choices change. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  gradientOf,
  openNetwork,
  type Network,
  type ReadOptions,
} from "../../../src/engine";
import { openBackend, type Backend } from "../../../src/main/host/backend";
import { openNetworkFiles } from "../../../src/main/host/network-files";
import { readNpy } from "../../../src/main/host/npy";
import { readAround } from "./keras-cases";
import { handwritten } from "./layers-model";
import { faultOf, memoryFiles, readOptions } from "./memory-files";

const references = join(import.meta.dirname, "../../references/keras");
let backend: Backend;
beforeAll(async () => {
  backend = await openBackend();
});

async function open(name: string, options: Partial<ReadOptions> = {}) {
  const text = await readFile(join(references, name, "reference.json"), "utf8");
  const { network } = JSON.parse(text) as { network: string };
  const files = await openNetworkFiles(join(references, name, network));
  const opened = await openNetwork(files, { ...readOptions, ...options });
  return { ...opened.network, preprocessing: null };
}

async function valuesOf(name: string, file: string) {
  const path = join(references, name, file);
  return readNpy(await readFile(path), file).values;
}

function run(network: Network, image: Float32Array, index = 0) {
  return gradientOf(
    {
      network,
      runtime: backend.runtime,
      method: { kind: "relu" },
      target: { kind: "logit", index },
    },
    image,
  );
}

describe("the head that is reported", () => {
  it.each([
    ["two-outputs-keras", "softmax", "file", ["softmax"]],
    ["sigmoid-units-keras", "sigmoid", "file", ["sigmoid"]],
    ["sigmoid-layer-h5", "sigmoid", "file", ["sigmoid"]],
    ["segmentation-keras", "map", "file", ["softmax"]],
    ["details-keras", "softmax", "file", ["log-softmax"]],
    ["features-keras", "softmax", "assumed", []],
    ["row-keras", "softmax", "assumed", []],
  ] as const)("%s: %s", async (name, value, from, stripped) => {
    const { told, provenance } = await open(name);
    expect(told.head).toEqual({ value, from });
    expect(provenance.stripped).toEqual(stripped);
  });

  it("is a value where one output is linear", async () => {
    const { told } = await open("two-outputs-h5", { output: "age" });
    expect(told.head).toEqual({ value: "value", from: "assumed" });
  });
});

describe("a last sigmoid", () => {
  const name = "sigmoid-units-keras";

  it("stays where the user wants plain values", async () => {
    const plain = await open(name, { head: "value" });
    const image = await valuesOf(name, "input.npy");
    const logits = await valuesOf(name, "logits.npy");
    const values = run(plain, image).logits;
    logits.forEach((logit, i) => {
      expect(values[i]).toBeCloseTo(1 / (1 + Math.exp(-logit)), 5);
    });
    expect(plain.provenance.stripped).toEqual([]);
  });

  it("scales the gradient by p (1 - p) where it stays", async () => {
    const image = await valuesOf(name, "input.npy");
    const whole = run(await open(name, { head: "value" }), image, 1);
    const bare = run(await open(name), image, 1);
    const p = whole.logits[1] ?? NaN;
    expect(whole.norm).toBeCloseTo(p * (1 - p) * bare.norm, 5);
  });
});

describe.each(["two-outputs-keras", "two-outputs-h5"])("%s", (name) => {
  const isDictionary = name.endsWith("keras");
  const map = isDictionary ? "map" : "mask";

  it("reports its outputs by the file's names, the chosen one first", async () => {
    const { told } = await open(name);
    expect(told.outputs).toEqual([
      { name: "labels", shape: [5] },
      { name: map, shape: [12, 10, 2] },
      { name: "age", shape: [1] },
    ]);
  });

  it("has the output the user asks for", async () => {
    const network = await open(name, { output: map });
    expect(network.told.outputs?.map((o) => o.name)).toEqual([
      map,
      "age",
      "labels",
    ]);
    expect(network.told.head).toEqual({ value: "map", from: "file" });
    const image = await valuesOf(name, "input.npy");
    expect(run(network, image).logits).toHaveLength(2);
    const { told } = await open(name, { output: "age" });
    expect(told.outputs?.[0]?.name).toBe("age");
  });

  it("has no others", async () => {
    const fault = await faultOf(open(name, { output: "gender" }));
    expect(fault.code).toBe("invalid-request");
    expect(`${fault.message} ${fault.remedy}`).toMatch(
      /no output "gender".*"(map|mask)", "age", "labels"/,
    );
  });
});

describe("a row of numbers", () => {
  it("is taken for a square picture, which is said and can be corrected", async () => {
    const { told, input } = await open("row-keras");
    expect(input).toEqual([9, 9, 1]);
    const [assumption] = told.assumptions ?? [];
    expect(assumption?.key).toBe("input-shape");
    expect(assumption?.value).toBe("9x9x1");
    expect(assumption?.because).toMatch(/81 numbers.*assumed.*9 x 9/);
    const wide = await open("row-keras", { assume: { "input-shape": "3x27" } });
    expect(wide.input).toEqual([3, 27, 1]);
    expect(wide.told.assumptions?.[0]).toMatchObject({
      value: "3x27x1",
      from: "answer",
    });
    // the same numbers in the same order
    const image = await valuesOf("row-keras", "input.npy");
    const logits = await valuesOf("row-keras", "logits.npy");
    run(wide, image).logits.forEach((logit, i) => {
      expect(logit).toBeCloseTo(logits[i] ?? NaN, 4);
    });
    const fault = await faultOf(
      open("row-keras", { assume: { "input-shape": "9x8" } }),
    );
    expect(fault.code).toBe("invalid-request");
    expect(fault.message).toContain('"9x8"');
  });

  const flat = (values: number) => {
    const model = JSON.stringify(handwritten([["ReLU", {}]])).replace(
      "[null,4,5,3]",
      `[null,${values}]`,
    );
    return openNetwork(
      memoryFiles(JSON.parse(model) as Record<string, unknown>),
      readOptions,
    );
  };

  it("is in colour where it has the numbers of three channels", async () => {
    expect((await flat(3072)).network.input).toEqual([32, 32, 3]);
    expect((await flat(784)).network.input).toEqual([28, 28, 1]);
  });

  it.each([4, 10, 1000])("of %s is refused", async (values) => {
    const fault = await faultOf(flat(values));
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toContain(`row of ${values} numbers`);
    expect(fault.remedy).toContain("input-shape");
  });
});

describe("inputs", () => {
  it("are one: more are refused by their names", async () => {
    const model = {
      class_name: "Functional",
      config: {
        name: "two",
        layers: ["picture", "age"].map((name) => ({
          class_name: "InputLayer",
          name,
          config: { name, batch_input_shape: [null, 4, 4, 3] },
          inbound_nodes: [],
        })),
        input_layers: [
          ["picture", 0, 0],
          ["age", 0, 0],
        ],
        output_layers: [["picture", 0, 0]],
      },
    };
    const files = memoryFiles({
      "model.json": {
        format: "layers-model",
        modelTopology: model,
        weightsManifest: [],
      },
    });
    const fault = await faultOf(openNetwork(files, readOptions));
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toMatch(/2 inputs: "picture", "age"/);
  });
});

describe("a stopped gradient", () => {
  it("is refused where it is on every way to the input", async () => {
    const { message, code } = await faultOf(
      readAround({
        className: "StopGradient",
        module: "keras.src.ops.core",
        alone: true,
      }),
    );
    expect(code).toBe("unsupported-network");
    expect(message).toMatch(/No gradient.*"the-odd-one", which stops/);
  });
});

describe("casts", () => {
  it.each(["int32", "uint8", "bool", "string"])(
    "to %s are refused by name",
    async (dtype) => {
      for (const given of [
        {
          className: "Cast",
          module: "keras.src.ops.core",
          settings: { dtype },
        },
        {
          className: "TFOpLambda",
          version: 2 as const,
          settings: { function: "cast" },
          named: { dtype },
        },
      ]) {
        const { message, code } = await faultOf(readAround(given));
        expect(code).toBe("unsupported-network");
        expect(message).toContain(`"the-odd-one" casts to "${dtype}"`);
      }
    },
  );
});

describe("classes and functions of the file's own", () => {
  it.each([
    [{ className: "Dense", module: "shop.layers" }, /shop\.layers>Dense/],
    [{ className: "Lambda" }, /is a Lambda/],
    [
      {
        className: "Activation",
        settings: {
          activation: {
            module: "builtins",
            class_name: "function",
            config: "swish",
          },
        },
      },
      /an activation of its own called "swish"/,
    ],
    [
      {
        className: "Activation",
        settings: { activation: { class_name: "__lambda__", config: {} } },
      },
      /has a lambda as its activation/,
    ],
    [
      {
        className: "Activation",
        settings: {
          activation: {
            module: "keras.layers",
            class_name: "ReLU",
            config: { name: "r", max_value: 2, threshold: 0, surprise: 1 },
          },
        },
      },
      /unknown setting surprise = 1 in its activation/,
    ],
  ] as const)("are refused by name: %j", async (given, words) => {
    const { message, code } = await faultOf(readAround(given));
    expect(code).toBe("unsupported-network");
    expect(message).toMatch(words);
  });
});
