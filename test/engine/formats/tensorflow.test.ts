/** TensorFlow's formats beside what TensorFlow computes with them: test/references/make-tensorflow.py makes both. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Network } from "../../../src/engine";
import { openBackend, type Backend } from "../../../src/main/host/backend";
import { expectParity } from "../../support/reference";

const references = join(import.meta.dirname, "../../references");

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend();
});

function countOf({ nodes }: Network, kind: string): number {
  return nodes.filter(({ op }) => op.kind === kind).length;
}

/** What must be found of a network's activations, however the file spells them: by kind. */
const activations: Readonly<Record<string, Readonly<Record<string, number>>>> =
  {
    "tf-saved-model/mobilenet-v2": { rectifier: 8 },
    "tf-saved-model/efficientnet": { swish: 8, sigmoid: 2, rectifier: 0 },
    "tf-frozen/mobilenet-v3": {
      "hard-swish": 4,
      "hard-sigmoid": 2,
      rectifier: 4,
    },
    "tf-frozen/curves": { prelu: 2, rectifier: 3, elu: 1, selu: 1 },
    "tf-frozen/attention": { softmax: 1, rectifier: 0 },
    "tf-frozen/dilated": { rectifier: 3 },
    "tf-graph/mobilenet-v2": { rectifier: 8 },
    "tf-graph/mobilenet-v3-keras-2": {
      "hard-swish": 4,
      "hard-sigmoid": 2,
      rectifier: 4,
    },
    "tf-graph/fused": { prelu: 1, rectifier: 4, elu: 1, sigmoid: 1 },
    "tf-graph/fused-keras-2": { prelu: 1, rectifier: 4, elu: 1, sigmoid: 1 },
  };

/** Networks that bring pixels to scale themselves. */
const scaling = [
  "tf-saved-model/efficientnet",
  "tf-frozen/mobilenet-v3",
  "tf-frozen/decoded",
  "tf-graph/mobilenet-v3-keras-2",
  "tf-graph/efficientnet",
];

const titles: Readonly<Record<string, string>> = {
  "tf-saved-model": "TensorFlow SavedModel",
  "tf-frozen": "TensorFlow frozen graph",
  "tf-graph": "TF.js graph model",
};

describe.each(Object.entries(titles))("%s", (folder, title) => {
  const names = readdirSync(join(references, folder));

  it.each(names)("%s", async (name) => {
    const id = `${folder}/${name}`;
    const network = await expectParity(join(references, id), backend);
    expect(network.provenance.format).toBe(title);
    for (const [kind, count] of Object.entries(activations[id] ?? {}))
      expect([kind, countOf(network, kind)]).toEqual([kind, count]);
    const { preprocessing } = network.told;
    expect(preprocessing?.value.std ?? null).toEqual(
      scaling.includes(id) ? [1] : null,
    );
  });

  it("is there in every family", () => {
    expect(names.length).toBeGreaterThanOrEqual(6);
  });
});

describe("opened from their files", () => {
  const open = (name: string) => expectParity(join(references, name), backend);

  it("a network in training gives its probabilities, and says what else it ends in", async () => {
    const { provenance, maximises } = await open("tf-frozen/training");
    expect(provenance.stripped).toEqual(["softmax"]);
    expect(maximises).toMatch(/^class logit/);
    expect(provenance.warnings.join(" ")).toContain(
      '"probabilities" is taken of several outputs',
    );
  });

  it("a SavedModel gives its probabilities of two outputs, at any size", async () => {
    const { provenance, told } = await open("tf-saved-model/nested");
    expect(told.fixedSize).toBeNull();
    expect(provenance.warnings).toEqual([
      '"probabilities" is taken of several outputs; the others are "maps".',
    ]);
    expect(provenance.producer).toMatch(
      /^TensorFlow 2\.\d+\.\d+, signature "serving_default"$/,
    );
  });

  it("the last of two numbered heads is the network's", async () => {
    const { told } = await open("tf-frozen/inception5h");
    expect(told.outputs).toEqual([
      { name: "output2", shape: [63] },
      { name: "output", shape: [63] },
    ]);
    expect(told.head).toEqual({ value: "softmax", from: "file" });
  });

  it("a graph that decodes pictures is cut after that, and says so", async () => {
    const { provenance, told } = await open("tf-frozen/decoded");
    expect(provenance.warnings.join()).toContain(
      '("DecodeJpeg", DecodeJpeg); it is cut after that',
    );
    expect(told.preprocessing).toMatchObject({
      value: { mean: [0], std: [1] },
      from: "file",
    });
  });

  it("grey images need no channel axis, and units are logits", async () => {
    const { told, input } = await open("tf-frozen/grey");
    expect(input).toEqual([9, 11, 1]);
    expect(told.head).toEqual({ value: "sigmoid", from: "file" });
    expect(told.outputs?.map(({ name }) => name)).toEqual([
      "units",
      "features",
    ]);
  });

  it("a SavedModel of TensorFlow 1 is read by its only signature", async () => {
    const { provenance } = await open("tf-saved-model/version-1");
    expect(provenance.producer).toContain('signature "predict"');
    expect(provenance.warnings).toEqual([]);
  });
});

const python = process.env["PROXIMA_TENSORFLOW_PYTHON"];
describe.skipIf(python === undefined)(
  "networks of keras.applications made now (PROXIMA_TENSORFLOW_PYTHON)",
  () => {
    const made = mkdtempSync(join(tmpdir(), "proxima-tensorflow-"));
    afterAll(() => {
      rmSync(made, { recursive: true });
    });

    it.each([
      "saved-model:ResNet50",
      "frozen:MobileNetV2",
      "frozen:EfficientNetB0",
      "saved-model:InceptionV3",
      "frozen:VGG16",
    ])("%s", { timeout: 300_000 }, async (name) => {
      const { status, stderr } = spawnSync(
        python ?? "",
        [join(references, "make-tensorflow.py"), made, "--full", name],
        {
          encoding: "utf8",
          env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" },
        },
      );
      if (status !== 0) throw new Error(stderr.slice(-2000));
      const folder = join(made, name.replace(":", "-"));
      const network = await expectParity(folder, backend);
      expect(network.shapes.get(network.output)).toEqual([1000]);
      rmSync(folder, { recursive: true });
    });
  },
);
