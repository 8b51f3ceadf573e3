import { describe, expect, it } from "vitest";
import {
  bendText,
  inputDifferences,
  namesProblem,
  preprocessingNumbers,
  preprocessingTitle,
  readChannelNumbers,
  sameNames,
  spread,
} from "../../../src/renderer/lib/answers";
import { isPictureName } from "../../../src/shared/network-files";
import {
  channelsText,
  inertText,
  networkFacts,
  openedText,
} from "../../../src/renderer/lib/words";
import { presetFor } from "../../../src/shared/presets";
import { importReport, networkInfo } from "../../support/fake-world";
import { runRecord } from "../../support/records";

describe("preprocessing", () => {
  it("is called by its preset, by its numbers else", () => {
    expect(preprocessingTitle(null, 3)).toBe("−1 to 1");
    expect(preprocessingTitle(presetFor("imagenet", 3), 3)).toBe(
      "ImageNet, RGB",
    );
    const own = { order: "RGB", mean: [-1, 2.5, 3], std: [1] } as const;
    const mutable = { ...own, mean: [...own.mean], std: [...own.std] };
    expect(preprocessingTitle(mutable, 3)).toBe("Own numbers");
    expect(preprocessingNumbers(mutable)).toBe("mean −1 / 2.5 / 3 · std 1");
  });

  it("is read from numbers in a row: one, or one a channel", () => {
    expect(readChannelNumbers("127.5", 7, false)).toEqual({ values: [127.5] });
    expect(readChannelNumbers(" 1, 2 / −3;4 ", 4, false)).toEqual({
      values: [1, 2, -3, 4],
    });
    expect(readChannelNumbers("1 2 3", 4, false)).toEqual({
      problem: "One number is needed, or 4; these are 3.",
    });
    expect(readChannelNumbers("1, x", 2, false)).toHaveProperty("problem");
    expect(readChannelNumbers("", 2, false)).toHaveProperty("problem");
    expect(readChannelNumbers("1, 0", 2, false)).toEqual({ values: [1, 0] });
    expect(readChannelNumbers("1, 0", 2, true)).toEqual({
      problem: "A std of 0 would divide by zero.",
    });
  });

  it("is spread over the channels", () => {
    expect(spread([5], 3)).toEqual([5, 5, 5]);
    expect(spread([1, 2, 3], 3)).toEqual([1, 2, 3]);
  });
});

describe("names", () => {
  const list = (...labels: string[]) => ({ kind: "list" as const, labels });

  it("are compared one by one", () => {
    expect(sameNames(list("a", "b"), list("a", "b"))).toBe(true);
    expect(sameNames(list("a", "b"), list("a", "c"))).toBe(false);
    expect(sameNames(list("a"), list("a", "b"))).toBe(false);
    expect(sameNames({ kind: "none" }, { kind: "none" })).toBe(true);
    expect(sameNames({ kind: "none" }, list())).toBe(false);
  });

  it("that do not fit the classes are counted", () => {
    const softmax = (classes: number) =>
      ({ classes, head: "softmax" }) as const;
    expect(namesProblem(list("a", "b"), softmax(2))).toBeNull();
    expect(namesProblem({ kind: "none" }, softmax(2))).toBeNull();
    expect(namesProblem({ kind: "imagenet" }, softmax(1000))).toBeNull();
    expect(namesProblem({ kind: "imagenet" }, softmax(1001))).toBeNull();
    expect(isPictureName("a.b.JPG")).toBe(true);
    expect(isPictureName("resnet.pth")).toBe(false);
    expect(isPictureName(".png")).toBe(false);
    expect(namesProblem(list("a"), softmax(1001))).toBe(
      "1 name for 1,001 classes: the last ones are called by their number.",
    );
    expect(namesProblem(list("a", "b", "c"), softmax(2))).toBe(
      "3 names for 2 classes: the last ones are left out.",
    );
  });

  it("are counted as what the head has", () => {
    expect(namesProblem(list(), { classes: 1, head: "value" })).toBe(
      "0 names for 1 output: the last ones are called by their number.",
    );
    expect(namesProblem(list("a"), { classes: 2, head: "sigmoid" })).toBe(
      "1 name for 2 classes: the last ones are called by their number.",
    );
    expect(namesProblem(list("a", "b"), { classes: 1, head: "map" })).toBe(
      "2 names for 1 channel: the last ones are left out.",
    );
  });
});

describe("words about a network", () => {
  it("say how many activations are bent", () => {
    expect(bendText({ rectifiers: 49, activations: 49 })).toBe(
      "ProxyGrad bends 49 of 49 activations.",
    );
    expect(bendText({ rectifiers: 10, activations: 57 })).toBe(
      "ProxyGrad bends 10 of 57 activations; the others keep their own gradient.",
    );
    expect(bendText({ rectifiers: 0, activations: 57 })).toBe(
      "0 of 57 activations are ReLU: ProxyGrad has no effect here.",
    );
    expect(bendText({ rectifiers: 0, activations: 0 })).toBe(
      "This network has no activations: ProxyGrad has no effect here.",
    );
  });

  it("say that columns are alike only where nothing is bent", () => {
    expect(inertText(networkInfo({ rectifiers: 1 }))).toBeNull();
    expect(inertText(networkInfo({ rectifiers: 0, activations: 57 }))).toBe(
      "ProxyGrad and Leaky ReLU have no effect here: 0 of 57 activations are ReLU. All columns show the same.",
    );
  });

  it("say how unusual channels are painted", () => {
    expect([1, 2, 3, 7].map(channelsText)).toEqual([
      null,
      "The input has 2 channels: pictures show the first one, in grey.",
      null,
      "The input has 7 channels: pictures show the first three, as red, green and blue.",
    ]);
  });

  it("are short", () => {
    const network = networkInfo({
      name: "Mine",
      format: "ONNX",
      input: { height: 224, width: 192, channels: 1 },
      classes: 10_000,
      rectifiers: 1,
    });
    expect(openedText(network)).toBe(
      "Opened Mine: ONNX · 192 × 224 · 10,000 classes",
    );
    expect(networkFacts(network)).toBe(
      "192 × 224 × 1 · 1 rectifier · 10,000 classes",
    );
  });
});

describe("a run and the network as it is fed now", () => {
  const record = runRecord();
  const fed = (preprocessing: ReturnType<typeof presetFor> | undefined) => ({
    ...record,
    network: { ...record.network, preprocessing },
  });
  const network = networkInfo({
    input: {
      height: record.shape[0],
      width: record.shape[1],
      channels: record.shape[2],
    },
    preprocessing: presetFor("signed", record.shape[2]),
  });

  it("differ by what is done to the pixels, not by how that is written", () => {
    expect(inputDifferences(fed(null), network)).toEqual([]);
    expect(inputDifferences(fed(undefined), network)).toEqual([]);
    expect(
      inputDifferences(fed(presetFor("unit", record.shape[2])), network),
    ).toEqual(["with another preprocessing"]);
    expect(inputDifferences(null, network)).toEqual([]);
  });

  it("differ by what was assumed, taken as the output, and meant by it", () => {
    const known = networkInfo({
      ...network,
      head: "sigmoid",
      report: importReport({
        assumptions: [
          {
            key: "activation",
            value: "relu",
            from: "assumed",
            because: "",
            choices: [],
          },
        ],
        outputs: [{ name: "logits", shape: [3] }],
      }),
    });
    const run = fed(null);
    const before = {
      ...run,
      network: {
        ...run.network,
        identity: "other",
        assumptions: { activation: "leaky:0.1", gone: "1" },
        output: "embedding",
      },
    };
    expect(inputDifferences(before, known)).toEqual([
      "with activation=leaky:0.1",
      'of the output "embedding"',
      "with the head softmax",
    ]);
    // records of version 1 do not say
    const old = { ...before, network: { ...before.network, identity: null } };
    expect(inputDifferences(old, known)).toEqual([]);
  });
});
