/** Keras' files beside what TensorFlow computes with them: test/references/make-keras.py makes both. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Network } from "../../../src/engine";
import { openBackend, type Backend } from "../../../src/main/host/backend";
import { expectParity } from "../../support/reference";

const references = join(import.meta.dirname, "../../references");
const committed = join(references, "keras");
const python = process.env["PROXIMA_TENSORFLOW_PYTHON"];
const made = mkdtempSync(join(tmpdir(), "proxima-keras-"));
afterAll(() => {
  rmSync(made, { recursive: true });
});

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend();
});

/** References made now, by Python; returns their names. */
function make(...names: readonly string[]): string[] {
  const script = join(references, "make-keras.py");
  const { status, stderr } = spawnSync(
    python ?? "python3",
    [script, made, ...names],
    { encoding: "utf8", env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" } },
  );
  if (status !== 0) throw new Error(stderr.slice(-2000));
  return readdirSync(made).sort();
}

/** What a network of each family says about the pixels it wants. */
const families: readonly (readonly [
  name: RegExp,
  from: "file" | "guess",
  mean: readonly number[],
])[] = [
  [/^vgg|^resnet-h5/, "guess", [103.939, 116.779, 123.68]],
  [
    /^resnet-v2|^inception|^xception|^mobilenet-(keras|v2)/,
    "guess",
    [127.5, 127.5, 127.5],
  ],
  [/^densenet/, "guess", [123.675, 116.28, 103.53]],
  [
    /^(mobilenet-v3|efficientnet|convnext|nested|operations|plane-(h5|keras|tfjs)|prepared)/,
    "file",
    [0, 0, 0],
  ],
];

function expectTold(name: string, { told }: Network): void {
  const [, from, mean] = families.find(([pattern]) => pattern.test(name)) ?? [];
  if (!mean) return;
  expect(told.preprocessing?.from).toBe(from);
  told.preprocessing?.value.mean.forEach((value, i) => {
    expect(value).toBeCloseTo(mean[i] ?? NaN, 2);
  });
}

describe("a small network", () => {
  it.each(readdirSync(committed).sort())("%s", async (name) => {
    const network = await expectParity(join(committed, name), backend);
    expectTold(name, network);
    const isOpen = name.startsWith("grey");
    expect(network.told.fixedSize === null).toBe(isOpen);
    expect(network.provenance.producer).toMatch(/keras|make-keras/i);
  });
});

describe.skipIf(!python)(
  "networks made now (PROXIMA_TENSORFLOW_PYTHON)",
  () => {
    it("are read, of every family, by both versions of Keras", async () => {
      const names = make("small");
      expect(names.length).toBeGreaterThan(15);
      for (const name of names) await expectParity(join(made, name), backend);
    }, 900_000);

    it.each([
      "VGG16.h5",
      "ResNet50.h5",
      "keras2:ResNet50.h5",
      "ResNet50V2.keras",
      "DenseNet121.keras",
      "keras2:DenseNet121.h5",
      "InceptionV3.h5",
      "Xception.keras",
      "MobileNet.h5",
      "MobileNetV2.keras",
      "keras2:MobileNetV2.h5",
      "EfficientNetB0.keras",
      // weights alone, as the official files are
      "keras2:ResNet50.weights",
      "keras2:VGG16.weights",
    ])(
      "are read in full size: %s",
      async (name) => {
        make(name);
        const folder = join(made, name.replace(":", "-"));
        await expectParity(folder, backend);
        rmSync(folder, { recursive: true });
      },
      600_000,
    );
  },
);
