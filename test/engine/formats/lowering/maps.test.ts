/** Convolutions, pools and resizing in both orders of axes, against the naive evaluator. */
import { beforeAll, describe, expect, it } from "vitest";
import type {
  ConvolutionSettings,
  Lowering,
  PoolSettings,
  ResizeSettings,
} from "../../../../src/engine/formats/lowering/index";
import { openBackend } from "../../../../src/main/host/backend";
import { randomWeight } from "../../../support/small-networks";
import { expectSame, kindsOf } from "./agree";

beforeAll(async () => {
  await openBackend();
});

const none = [
  [0, 0],
  [0, 0],
] as const;

describe.each(["NCHW", "NHWC"] as const)("%s", (order) => {
  const plain: ConvolutionSettings = {
    order,
    strides: [1, 1],
    dilations: [1, 1],
    padding: "valid",
    groups: 1,
  };
  const conv = (
    kernel: readonly number[],
    settings: Partial<ConvolutionSettings> = {},
  ) => {
    return (l: Lowering) =>
      l.conv2d(
        "conv",
        l.input(order),
        randomWeight([...kernel], 0.5, 1),
        randomWeight([kernel[3] ?? 1], 0.5, 2),
        { ...plain, ...settings },
      );
  };

  it.each<[string, readonly number[], Partial<ConvolutionSettings>, string]>([
    ["a plain one", [3, 3, 4, 5], {}, "conv2d"],
    [
      "asymmetric padding, strides and dilations",
      [3, 2, 4, 5],
      {
        strides: [2, 1],
        dilations: [1, 2],
        padding: [
          [1, 0],
          [0, 2],
        ],
      },
      "conv2d",
    ],
    [
      "TensorFlow's SAME",
      [3, 3, 4, 5],
      { strides: [2, 2], padding: "same" },
      "conv2d",
    ],
    ["two groups", [3, 3, 2, 6], { groups: 2 }, "conv2d"],
    ["depthwise", [3, 3, 1, 4], { groups: 4 }, "depthwise-conv2d"],
    [
      "depthwise with a multiplier",
      [3, 3, 1, 8],
      { groups: 4, strides: [2, 2] },
      "depthwise-conv2d",
    ],
    [
      "depthwise with two strides",
      [3, 3, 1, 4],
      { groups: 4, strides: [2, 1] },
      "conv2d",
    ],
  ])("convolves: %s", (_, kernel, settings, kind) => {
    const assembly = expectSame([7, 6, 4], conv(kernel, settings));
    expect(kindsOf(assembly)).toEqual(
      order === "NHWC"
        ? [kind, "flatten"]
        : [kind, "reshape", "transpose", "flatten"],
    );
  });

  it.each([1, 2])("convolves transposed, %d groups", (groups) => {
    expectSame([3, 4, 4], (l) =>
      l.convTranspose2d(
        "conv",
        l.input(order),
        randomWeight([3, 2, 3, 4], 0.5, 1),
        randomWeight([3 * groups], 0.5, 2),
        {
          order,
          strides: [2, 1],
          dilations: [1, 2],
          padding: [
            [1, 0],
            [0, 1],
          ],
          outputPadding: [1, 0],
          groups,
        },
      ),
    );
  });

  const poolOf =
    (kind: "max" | "average", settings: Partial<PoolSettings>) =>
    (l: Lowering) =>
      l.pool("pool", kind, l.input(order), {
        order,
        window: [3, 2],
        strides: [2, 2],
        dilations: [1, 1],
        padding: "valid",
        ceil: false,
        countPadding: false,
        ...settings,
      });
  const wide = [
    [1, 1],
    [0, 1],
  ] as const;
  const pools: [string, Partial<PoolSettings>][] = [
    ["a plain one", {}],
    ["padding", { padding: wide }],
    ["rounded up", { ceil: true }],
    [
      "rounded up with padding, and the last window left out",
      { ceil: true, padding: wide, window: [2, 2] },
    ],
    [
      "rounded up, with steps beyond the window",
      { ceil: true, window: [1, 2], strides: [3, 3] },
    ],
    ["SAME", { padding: "same" }],
    ["padding that counts", { padding: wide, countPadding: true }],
    [
      "padding that counts, rounded up",
      { padding: wide, countPadding: true, ceil: true, strides: [2, 3] },
    ],
    ["one stride", { strides: [1, 1], window: [2, 2], padding: "same" }],
  ];
  it.each(pools)("takes largest values: %s", (_, settings) => {
    expectSame([8, 7, 3], poolOf("max", settings));
  });
  it.each(pools)("takes means: %s", (_, settings) => {
    expectSame([8, 7, 3], poolOf("average", settings));
  });
  const dilated: [string, Partial<PoolSettings>][] = [
    ["valid", { dilations: [2, 3] }],
    ["padded", { dilations: [2, 1], padding: wide, strides: [1, 2] }],
    ["rounded up", { dilations: [1, 2], padding: wide, ceil: true }],
    ["counted", { dilations: [2, 2], padding: wide, countPadding: true }],
  ];
  it.each(dilated)("takes largest values of dilated windows: %s", (_, s) => {
    expectSame([8, 7, 3], poolOf("max", s));
  });
  it.each(dilated)("takes means of dilated windows: %s", (_, s) => {
    expectSame([8, 7, 3], poolOf("average", s));
  });

  it.each<[readonly [number, number], string]>([
    [[1, 1], "global-average-pool"],
    [[4, 7], "average-pool"],
    [[2, 7], "average-pool"],
    [[3, 3], "resample"],
    [[9, 10], "resample"],
    [[8, 7], "average-pool"],
  ])("takes adaptive means to %j", (size, kind) => {
    const assembly = expectSame([8, 7, 3], (l) =>
      l.adaptiveAveragePool("pool", l.input(order), size, order),
    );
    expect(kindsOf(assembly)[0]).toBe(kind);
  });

  const sizes = [
    [8, 5],
    [11, 14],
    [3, 1],
  ] as const;
  const ways: Omit<ResizeSettings, "order" | "size">[] = [
    ...(["half-pixel", "asymmetric", "align-corners"] as const).flatMap(
      (coordinates) => [
        ...(["floor", "round-prefer-floor", "round-prefer-ceil"] as const).map(
          (rounding) => ({ method: "nearest" as const, coordinates, rounding }),
        ),
        { method: "linear" as const, coordinates, rounding: "floor" as const },
        { method: "cubic" as const, coordinates, rounding: "floor" as const },
        {
          method: "cubic" as const,
          coordinates,
          rounding: "floor" as const,
          cubicCoefficient: -0.5,
        },
      ],
    ),
  ];
  it.each(ways)("resizes: $method, $coordinates, $rounding", (way) => {
    for (const size of sizes)
      expectSame([4, 5, 2], (l) =>
        l.resize("resize", l.input(order), { ...way, order, size }),
      );
  });

  it("normalises over neighbouring channels", () => {
    expectSame([3, 2, 6], (l) =>
      l.localResponseNorm("norm", l.input(order), {
        order,
        size: 5,
        alpha: 0.7,
        beta: 0.75,
        bias: 1.5,
      }),
    );
  });
});

describe("several maps an image", () => {
  /** Windows of 2 x 3 pixels, merged into the batch. */
  const windows = (l: Lowering) => {
    const parts = l.reshape("parts", l.input("NCHW"), [1, 4, 3, 2, 2, 3]);
    const turned = l.transpose("turned", parts, [0, 2, 4, 1, 3, 5]);
    return l.reshape("windows", turned, [6, 4, 2, 3]);
  };
  const settings = {
    order: "NCHW",
    strides: [1, 1],
    dilations: [1, 1],
    padding: "same",
  } as const;

  it.each([1, 2, 4])("are convolved each by itself, %d groups", (groups) => {
    expectSame([6, 6, 4], (l) =>
      l.conv2d(
        "conv",
        windows(l),
        randomWeight([2, 3, 4 / groups, 8], 0.5, 1),
        randomWeight([8], 0.5, 2),
        { ...settings, groups },
      ),
    );
  });

  it("are convolved transposed, pooled and resized each by itself", () => {
    expectSame([6, 6, 4], (l) => {
      const spread = l.convTranspose2d(
        "spread",
        windows(l),
        randomWeight([2, 2, 3, 4], 0.5, 1),
        null,
        { ...settings, padding: none, outputPadding: [0, 1], groups: 1 },
      );
      const pooled = l.pool("pool", "max", spread, {
        ...settings,
        window: [2, 2],
        ceil: false,
        countPadding: false,
      });
      return l.resize("resize", pooled, {
        order: "NCHW",
        size: [5, 4],
        method: "linear",
        coordinates: "half-pixel",
        rounding: "floor",
      });
    });
  });
});

it("pads with less than every value where a file pads with minus infinity", () => {
  expectSame([3, 4, 2], (l) => {
    const padded = l.pad(
      "pad",
      l.input("NHWC"),
      [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 0],
      ],
      "constant",
      -Infinity,
    );
    return l.pool("pool", "max", padded, {
      order: "NHWC",
      window: [2, 2],
      strides: [2, 2],
      dilations: [1, 1],
      padding: "valid",
      ceil: false,
      countPadding: false,
    });
  });
});

it("permutes a kernel rather than a map whose channels were shuffled", () => {
  const assembly = expectSame([3, 2, 6], (l) => {
    const x = l.reshape("a", l.input("NCHW"), [1, 2, 3, 3, 2]);
    const y = l.transpose("b", x, [0, 2, 1, 3, 4]);
    const shuffled = l.reshape("c", y, [1, 6, 3, 2]);
    const map = l.pool("pool", "max", shuffled, {
      order: "NCHW",
      window: [2, 1],
      strides: [1, 1],
      dilations: [1, 1],
      padding: "valid",
      ceil: false,
      countPadding: false,
    });
    return l.conv2d("conv", map, randomWeight([1, 2, 6, 5], 0.5, 1), null, {
      order: "NCHW",
      strides: [1, 1],
      dilations: [1, 1],
      padding: none,
      groups: 1,
    });
  });
  expect(kindsOf(assembly).slice(0, 2)).toEqual(["max-pool", "conv2d"]);
});
