/**
 * Every answer to what weights leave open, beside what PyTorch computes with it: test/references/make-torch-assumed.py
 * made the networks.
 */
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { gradientOf, openNetwork, type Network } from "../../../src/engine";
import { sourceOutputs, sourceSlope } from "../../../src/cli/source-output";
import { openBackend, type Backend } from "../../../src/main/host/backend";
import { openNetworkFiles } from "../../../src/main/host/network-files";
import { readNpy } from "../../../src/main/host/npy";
import { cosine, norm } from "../../support/vectors";
import { faultOf, readOptions } from "./memory-files";

const references = fileURLToPath(
  new URL("../../references/torch-assumed", import.meta.url),
);
let backend: Backend;

beforeAll(async () => {
  backend = await openBackend();
});

const referenceSchema = z.strictObject({
  network: z.string(),
  size: z.tuple([z.int(), z.int()]),
  cases: z.array(
    z.strictObject({
      assume: z.record(z.string(), z.string()),
      target: z.int().min(0),
    }),
  ),
});

async function referenceOf(name: string) {
  const text = await readFile(join(references, name, "reference.json"), "utf8");
  return referenceSchema.parse(JSON.parse(text));
}

async function open(
  name: string,
  assume: Readonly<Record<string, string>>,
  size: readonly [number, number] | null = null,
): Promise<Network> {
  const reference = await referenceOf(name);
  const files = await openNetworkFiles(
    join(references, name, reference.network),
  );
  const { network } = await openNetwork(files, {
    ...readOptions,
    assume,
    size: size ?? reference.size,
  });
  return network;
}

async function npy(name: string, file: string) {
  return readNpy(await readFile(join(references, name, file)), file);
}

describe("what is answered changes the network as PyTorch's changes:", () => {
  const names = readdirSync(references).filter(
    (name) => name !== "foreign-vgg",
  );

  it.each(names)("%s", async (name) => {
    const reference = await referenceOf(name);
    const input = await npy(name, "input.npy");
    for (const [index, { assume, target }] of reference.cases.entries()) {
      const said = JSON.stringify(assume);
      const opened = await open(name, assume);
      const ours = gradientOf(
        {
          network: { ...opened, preprocessing: null },
          runtime: backend.runtime,
          method: { kind: "relu" },
          target: { kind: "logit", index: target },
        },
        input.values,
      );
      const logits = (await npy(name, `logits-${index}.npy`)).values;
      const gradient = (await npy(name, `gradient-${index}.npy`)).values;
      const largest = Math.max(...logits.map(Math.abs));
      const outputs = sourceOutputs(opened, ours.logits);
      const apart = logits.map((logit, i) =>
        Math.abs(logit - (outputs[i] ?? NaN)),
      );
      expect(ours.logits.length, said).toBe(logits.length);
      expect(Math.max(...apart) / largest, said).toBeLessThan(1e-4);
      expect(cosine(ours.gradient, gradient), said).toBeGreaterThan(0.9999);
      const slope = sourceSlope(opened, ours.score);
      const ratio = (slope * ours.norm) / norm(gradient);
      expect(Math.abs(ratio - 1), said).toBeLessThan(1e-3);
      for (const key of Object.keys(assume))
        expect(opened.told.assumptions, said).toContainEqual(
          expect.objectContaining({ key, from: "answer" }),
        );
    }
  });
});

describe("what is assumed", () => {
  it("stands with the network, each with a sentence and values", async () => {
    for (const name of readdirSync(references)) {
      if (name === "foreign-vgg") continue;
      const { told } = await open(name, {});
      const assumptions = told.assumptions ?? [];
      expect(assumptions.map(({ key }) => key)).toContain("activation");
      for (const { key, value, from, because, choices } of assumptions) {
        expect(["assumed", "evidence"], key).toContain(from);
        expect(because, key).toContain("assumed");
        expect(choices.length, key).toBeGreaterThan(1);
        expect(choices.length, key).toBeLessThanOrEqual(40);
        // every value that is offered is taken
        const again = await open(name, { [key]: value });
        expect(again.nodes.length, key).toBeGreaterThan(0);
      }
    }
  });

  it.each([
    ["resnet", "activation", "relu", "assumed"],
    ["resnet", "stem-stride", "2", "assumed"],
    ["resnet", "stem-pool", "max", "assumed"],
    ["resnet", "stage-strides", "1,2,2,2", "assumed"],
    ["resnet", "dilation", "1,1,1,1", "assumed"],
    ["resnet", "anti-alias", "none", "assumed"],
    ["resnet", "pooling", "avg", "assumed"],
    ["resnet-cifar", "stem-stride", "1", "evidence"],
    ["resnet-cifar", "stem-pool", "none", "evidence"],
    ["resnet-bottleneck", "bottleneck-stride", "second", "assumed"],
    ["densenet", "stem-stride", "1", "evidence"],
    ["densenet", "stem-pool", "none", "evidence"],
    ["vgg-small", "stem-stride", "1", "evidence"],
    ["vgg", "stem-stride", "1", "assumed"],
    ["mobilenet-v2", "stem-stride", "2", "assumed"],
    ["shufflenet", "stem-stride", "2", "assumed"],
    ["efficientnet", "stem-stride", "2", "assumed"],
    ["mobilenet-v3", "activation", "relu,hard-swish", "assumed"],
    ["efficientnet-lite", "activation", "relu6", "evidence"],
    ["vit", "heads", "1", "assumed"],
    ["vit-timm-mean", "pooling", "avg", "evidence"],
  ])("in %s: %s=%s, %s", async (name, key, value, from) => {
    const { told } = await open(name, {});
    expect(told.assumptions).toContainEqual(
      expect.objectContaining({ key, value, from }),
    );
  });

  it("is confirmed by saying the same", async () => {
    const { told } = await open("resnet", { activation: "ReLU" });
    expect(told.assumptions?.[0]).toMatchObject({
      key: "activation",
      value: "relu",
      from: "answer",
    });
  });

  it("has one spelling for each value", async () => {
    for (const [typed, value] of [
      ["LeakyReLU", "leaky:0.01"],
      ["leaky_relu:0.20", "leaky:0.2"],
      ["Swish", "silu"],
      ["hard_swish", "hard-swish"],
    ] as const) {
      const { told } = await open("resnet", { activation: typed });
      expect(told.assumptions?.[0]?.value).toBe(value);
    }
  });
});

describe("an answer is refused", () => {
  it.each([
    ["resnet", { heads: "8" }, '"heads"', "activation, stem-stride"],
    ["resnet", { activation: "lekay:0.1" }, '"lekay:0.1"', "leaky:0.1"],
    ["resnet", { activation: "leaky:-1" }, '"leaky:-1"', "leaky:0.1"],
    ["resnet", { activation: "leaky:0.1:2" }, '"leaky:0.1:2"', "leaky:0.1"],
    ["resnet", { "stem-stride": "0" }, '"0"', "1 2"],
    ["resnet", { "stem-stride": "2,2" }, '"2,2"', "1 2"],
    ["resnet", { "stem-pool": "max:2/2/2" }, '"max:2/2/2"', "none"],
    ["resnet", { "stage-strides": "1,2,2" }, '"1,2,2"', "1,2,2,2"],
    // the first stage of basic blocks has no projection, so its map keeps its size
    ["resnet", { dilation: "1,1" }, '"1,1"', "1,1,2,4"],
    ["resnet", { "bottleneck-stride": "first" }, "bottleneck", "activation"],
    ["vit", { heads: "5" }, '"5"', "1 2 4 8"],
    ["deit-distilled", { pooling: "avg" }, '"pooling"', "heads, activation"],
  ])("%s %j", async (name, assume, words, remedy) => {
    const given = Object.fromEntries(
      Object.entries(assume).map(([key, value]) => [key, String(value)]),
    );
    const fault = await faultOf(open(name, given));
    expect(fault.code).toBe("invalid-request");
    expect(fault.message).toContain(words);
    expect(fault.remedy).toContain(remedy);
  });
});

it("refuses what only looks like a VGG, by name and with the way out", async () => {
  const files = await openNetworkFiles(
    join(references, "foreign-vgg", "network.pth"),
  );
  const fault = await faultOf(openNetwork(files, readOptions));
  expect(fault.code).toBe("unsupported-network");
  expect(fault.message).toMatch(/VGG.*7 convolutions and 1 linear layer /);
  expect(fault.remedy).toContain("torch.onnx.export");
});

it("takes CheXNet's 14 findings as sigmoid units, and their logits come before the sigmoid", async () => {
  const { told, provenance } = await open("densenet-chexnet", {});
  expect(told.head).toEqual({ value: "sigmoid", from: "assumed" });
  expect(told.assumptions).toContainEqual(
    expect.objectContaining({ key: "last-activation", from: "evidence" }),
  );
  expect(provenance.stripped).toEqual(["sigmoid"]);
  const bare = await open("densenet-chexnet", { "last-activation": "none" });
  expect(bare.told.head?.value).toBe("sigmoid");
  expect(bare.provenance.stripped).toEqual([]);
});

it("knows torchxrayvision's DenseNet: its pixels and its sigmoids", async () => {
  const { told, input, provenance } = await open("densenet-xray", {});
  expect(input).toEqual([32, 32, 1]);
  expect(provenance.producer).toContain("torchxrayvision");
  expect(told.head?.value).toBe("sigmoid");
  const { mean = [], std = [] } = told.preprocessing?.value ?? {};
  // 0 and 255 become -1024 and 1024
  expect((0 - (mean[0] ?? NaN)) / (std[0] ?? NaN)).toBeCloseTo(-1024, 3);
  expect((255 - (mean[0] ?? NaN)) / (std[0] ?? NaN)).toBeCloseTo(1024, 3);
});
