/** What is decided when a network is opened: by whoever opens it, by the files, by a guess. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  answerNetwork,
  type BareNetwork,
  type GivenAnswers,
  type Network,
} from "../../../src/engine";
import { importReportSchema } from "../../../src/shared/domain";
import { presetFor, presetOf } from "../../../src/shared/presets";
import { node } from "../../../src/engine/network/op";
import { dense, flatten } from "../../../src/engine/network/ops/index";
import { network, randomWeight } from "../../support/small-networks";

/** ImageNet's names as they come with Proxima. */
const imagenet = JSON.parse(
  readFileSync(
    new URL("../../../resources/labels/imagenet.json", import.meta.url),
    "utf8",
  ),
) as string[]; // our own file

/** A dense layer over [1, 1, channels] pixels, with so many classes. */
function bare(
  {
    classes = 5,
    channels = 3,
    told = { fixedSize: [1, 1], preprocessing: null },
  }: {
    classes?: number;
    channels?: number;
    told?: Network["told"];
  } = {},
  beside: Partial<BareNetwork> = {},
): BareNetwork {
  return {
    network: network(
      [1, 1, channels],
      [
        node(flatten, "flat", ["input"], {}),
        node(
          dense,
          "logits",
          ["flat"],
          {},
          { kernel: randomWeight([channels, classes], 1, 1) },
        ),
      ],
      { told },
    ),
    card: null,
    labels: null,
    ...beside,
  };
}

function answer(read: BareNetwork, given: GivenAnswers = {}) {
  const { network, report } = answerNetwork(read, { given, imagenet });
  return { network, report: importReportSchema.parse(report) };
}

describe("the preprocessing", () => {
  it("is questioned where its numbers seem to be for pixels in another range", () => {
    const warningsOf = (mean: number, std: number) =>
      answer(bare(), {
        preprocessing: { order: "RGB", mean: [mean], std: [std] },
      }).network.provenance.warnings;
    for (const [mean, std] of [
      [0.1307, 0.3081],
      [0.5, 0.5],
      [0, 1 / 255],
      [0.5 * 255 * 255, 0.5 * 255 * 255],
    ] as const)
      expect(warningsOf(mean, std)).toEqual([
        expect.stringContaining("look like those for pixels in 0..") as unknown,
      ]);
    // presets, raw pixels, Caffe's, and networks that work on -1024..1024
    for (const [mean, std] of [
      [0, 255],
      [127.5, 127.5],
      [0, 1],
      [103.9, 1],
      [127.5, 127.5 / 1024],
    ] as const)
      expect(warningsOf(mean, std)).toEqual([]);
  });

  it("is guessed as ImageNet's for 1,000 classes and three channels, else as 0..1", () => {
    for (const [options, preset] of [
      [{ classes: 1000 }, "imagenet"],
      [{ classes: 1001 }, "imagenet"],
      [{ classes: 1000, channels: 1 }, "unit"],
      [{ classes: 101 }, "unit"],
      [{ channels: 7 }, "unit"],
    ] as const) {
      const { network, report } = answer(bare(options));
      const channels = network.input[2];
      expect(network.preprocessing).toEqual(presetFor(preset, channels));
      expect(report.answers.preprocessing).toEqual(network.preprocessing);
      expect(report.from.preprocessing).toBe("guess");
      expect(report.because).toMatch(/^The file does not say how pixels/);
    }
  });

  it("is the format's where it tells one, the card's before that, and the answer's before all", () => {
    const value = { order: "BGR", mean: [1], std: [2] } as const;
    const told: Network["told"] = {
      fixedSize: [1, 1],
      preprocessing: {
        value: { ...value, mean: [1], std: [2] },
        from: "guess",
        because: "They are resnet18's weights.",
      },
    };
    const guessed = answer(bare({ classes: 1000, told })).report;
    expect(guessed.answers.preprocessing).toEqual(value);
    expect(guessed.from.preprocessing).toBe("guess");
    expect(guessed.because).toMatch(/^They are resnet18's weights\. 1,000/);

    const card = {
      preprocessing: { order: "RGB" as const, mean: [3], std: [4] },
    };
    const carded = answer(bare({ told }, { card })).report;
    expect(carded.answers.preprocessing).toEqual({
      order: "RGB",
      mean: [3, 3, 3],
      std: [4, 4, 4],
    });
    expect(carded.from.preprocessing).toBe("file");

    const said = answer(bare({ told }, { card }), { preprocessing: "caffe" });
    expect(presetOf(said.network.preprocessing, 3)).toBe("caffe");
    expect(said.report.from.preprocessing).toBe("answer");
    expect(said.report.suggested.answers.preprocessing).toEqual(
      carded.answers.preprocessing,
    );
    expect(said.report.suggested.from.preprocessing).toBe("file");
    expect(answer(bare(), { preprocessing: null }).network.preprocessing).toBe(
      null,
    );
  });

  it("that does not fit the channels is refused", () => {
    for (const [preprocessing, said] of [
      ["imagenet", "4 channels"],
      [{ order: "RGB", mean: [1, 2, 3], std: [1] }, "3 values of mean"],
      [{ order: "RGB", mean: [1], std: [1, 1] }, "2 values of std"],
    ] as const)
      expect(() =>
        answer(bare({ channels: 4 }), {
          preprocessing:
            typeof preprocessing === "string"
              ? preprocessing
              : {
                  order: preprocessing.order,
                  mean: [...preprocessing.mean],
                  std: [...preprocessing.std],
                },
        }),
      ).toThrow(
        expect.objectContaining({
          code: "invalid-request",
          message: expect.stringContaining(said) as unknown,
        }) as Error,
      );
  });
});

describe("the names", () => {
  it("of ImageNet come with Proxima, 1,000 different ones", () => {
    expect(imagenet).toHaveLength(1000);
    expect(new Set(imagenet).size).toBe(1000);
    for (const [index, name] of [
      [0, "tench"],
      [144, "pelican"],
      [285, "Egyptian cat"],
      [291, "lion"],
      [999, "toilet tissue"],
    ] as const)
      expect(imagenet[index]).toBe(name);
  });

  it("are guessed as ImageNet's for 1,000 classes, after a background for 1,001", () => {
    const thousand = answer(bare({ classes: 1000 }));
    expect(thousand.network.labels).toEqual(imagenet);
    expect(thousand.report.answers.labels).toEqual({ kind: "imagenet" });
    expect(thousand.report.from.labels).toBe("guess");
    const more = answer(bare({ classes: 1001 })).network;
    expect(more.labels[0]).toBe("background");
    expect(more.labels[1]).toBe("tench");
    expect(more.labels[1000]).toBe("toilet tissue");
    expect(more.provenance.warnings).toEqual([]);
    const few = answer(bare({ classes: 2 }));
    expect(few.network.labels).toEqual(["class 0", "class 1"]);
    expect(few.report.answers.labels).toEqual({ kind: "none" });
    expect(few.report.from.labels).toBe("guess");
  });

  it("are the answer's, and warned of where they are too few or too many", () => {
    const said = answer(bare({ classes: 3 }), {
      labels: { kind: "list", labels: ["a", " b ", "", "d"] },
    });
    expect(said.network.labels).toEqual(["a", "b", "class 2"]);
    expect(said.report.from.labels).toBe("answer");
    expect(said.network.provenance.warnings).toEqual([
      "The list has 4 labels for 3 classes.",
    ]);
    const foreign = answer(bare({ classes: 3 }), {
      labels: { kind: "imagenet" },
    });
    expect(foreign.network.labels).toEqual(imagenet.slice(0, 3));
    expect(foreign.network.provenance.warnings).toEqual([
      "ImageNet has 1000 labels for 3 classes.",
    ]);
    expect(
      answer(bare({ classes: 1000 }), { labels: { kind: "none" } }).network
        .labels[0],
    ).toBe("class 0");
  });
});

describe("the size", () => {
  const open: Network["told"] = { fixedSize: null, preprocessing: null };

  it("is the file's, the card's, or a guess that is told", () => {
    const fixed = answer(bare()).report;
    expect(fixed).toMatchObject({
      fixedSize: [1, 1],
      answers: { size: null },
      from: { size: "file" },
    });
    expect(fixed.because).not.toContain("size");
    const guessed = answer(bare({ told: open })).report;
    expect(guessed).toMatchObject({
      fixedSize: null,
      answers: { size: [1, 1] },
      from: { size: "guess" },
    });
    expect(guessed.because).toMatch(/open; 1 x 1 is taken\.$/);
    const card = { input: { height: 1, width: 1, channels: 3 } };
    expect(answer(bare({ told: open }, { card })).report).toMatchObject({
      answers: { size: [1, 1] },
      from: { size: "file" },
    });
  });

  it("is an answer where it was asked for and the file does not fix just that", () => {
    expect(answer(bare(), { size: [1, 1] }).report).toMatchObject({
      answers: { size: null },
      from: { size: "file" },
    });
    expect(answer(bare({ told: open }), { size: [1, 1] }).report).toMatchObject(
      {
        answers: { size: [1, 1] },
        from: { size: "answer" },
        suggested: { answers: { size: [224, 224] }, from: { size: "guess" } },
      },
    );
    const told: Network["told"] = { fixedSize: [5, 5], preprocessing: null };
    expect(answer(bare({ told }), { size: [1, 1] }).report).toMatchObject({
      fixedSize: [5, 5],
      answers: { size: [1, 1] },
      from: { size: "answer" },
      suggested: { answers: { size: null }, from: { size: "file" } },
    });
    // whoever answered all else has seen the guess
    expect(answer(bare({ told: open }), { size: null }).report).toMatchObject({
      answers: { size: [1, 1] },
      from: { size: "answer" },
    });
  });
});

it("reports what was read", () => {
  const read = bare();
  const { report } = answer({
    ...read,
    network: {
      ...read.network,
      provenance: {
        ...read.network.provenance,
        producer: "pytorch 2.4",
        stripped: ["softmax"],
      },
    },
  });
  expect(report).toMatchObject({
    producer: "pytorch 2.4",
    layers: 2,
    stripped: ["softmax"],
  });
});
