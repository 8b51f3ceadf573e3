/** TF.js graph models written here: what is taken of them, and how the rest is refused. */
import { describe, expect, it } from "vitest";
import { openNetwork, type Network } from "../../../src/engine";
import { faultOf, memoryFiles, readOptions } from "./memory-files";

interface MadeNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, unknown>>;
}
interface MadeWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly dtype?: "float32" | "int32";
  /** Bytes as they are, with how they are quantised. */
  readonly packed?: readonly [bytes: Uint8Array, quantization: object];
}

const text = (value: string) => ({ s: btoa(value) });
const ints = (...values: readonly number[]) => ({
  list: { i: values.map(String) },
});
const shape = (...dims: readonly number[]) => ({
  shape: { dim: dims.map((size) => ({ size: String(size) })) },
});

const image: MadeNode = {
  name: "image",
  op: "Placeholder",
  attr: { dtype: { type: "DT_FLOAT" }, shape: shape(-1, 4, 4, 2) },
};
const dense: readonly MadeNode[] = [
  { name: "axes", op: "Const" },
  { name: "kernel", op: "Const" },
  { name: "mean", op: "Mean", input: ["image", "axes"] },
  { name: "logits", op: "MatMul", input: ["mean", "kernel"] },
];
const weights: readonly MadeWeight[] = [
  { name: "axes", shape: [2], values: [1, 2], dtype: "int32" },
  { name: "kernel", shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
];

function filesOf(
  nodes: readonly MadeNode[],
  given: readonly MadeWeight[] = weights,
  rest: object = {},
) {
  const parts = given.map(({ values, dtype, packed }) => {
    if (packed) return packed[0];
    const data =
      dtype === "int32" ? Int32Array.from(values) : Float32Array.from(values);
    return new Uint8Array(data.buffer);
  });
  const bytes = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const manifest = given.map((w) => ({
    name: w.name,
    shape: w.shape,
    dtype: w.dtype ?? "float32",
    ...(w.packed && { quantization: w.packed[1] }),
  }));
  return memoryFiles({
    "model.json": {
      format: "graph-model",
      generatedBy: "a test",
      modelTopology: { node: nodes, ...rest },
      weightsManifest: [{ paths: ["weights.bin"], weights: manifest }],
    },
    "weights.bin": bytes,
  });
}

async function open(...given: Parameters<typeof filesOf>): Promise<Network> {
  return (await openNetwork(filesOf(...given), readOptions)).network;
}
const refused = (...given: Parameters<typeof filesOf>) =>
  faultOf(openNetwork(filesOf(...given), readOptions));

function kindsOf({ nodes }: Network): string[] {
  return nodes.map(({ op }) => op.kind);
}

/** A node of one input after the image, and the rest of the network after it. */
const after = (...nodes: readonly MadeNode[]): MadeNode[] => [
  image,
  ...nodes,
  ...dense.map((node) =>
    node.op === "Mean" ? { ...node, input: ["last", "axes"] } : node,
  ),
];

describe("a TF.js graph model", () => {
  it("opens without a signature: its input is the placeholder, its output what nothing reads", async () => {
    const network = await open([image, ...dense]);
    expect(network.input).toEqual([4, 4, 2]);
    expect(kindsOf(network)).toEqual(["global-average-pool", "dense"]);
    expect(network.shapes.get(network.output)).toEqual([3]);
    expect(network.provenance.producer).toBe("a test");
    const [, last] = network.nodes;
    expect([...(last?.weights["kernel"]?.data ?? [])]).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  it("decodes whole numbers from bytes, also where that is not exact", async () => {
    const packed = [
      Uint8Array.of(0, 255),
      { dtype: "uint8", scale: 0.00392, min: 1.0001 },
    ] as const;
    const axes = { ...weights[0], packed } as MadeWeight;
    const network = await open([image, ...dense], [...weights.slice(1), axes]);
    expect(kindsOf(network)).toEqual(["global-average-pool", "dense"]);
  });

  it.each([
    ["Relu6", [{ name: "last", op: "Relu6", input: ["image"] }]],
    [
      "Minimum of Relu",
      [
        { name: "relu", op: "Relu", input: ["image"] },
        { name: "six", op: "Const" },
        { name: "last", op: "Minimum", input: ["relu", "six"] },
      ],
    ],
    [
      "Maximum of Minimum",
      [
        { name: "six", op: "Const" },
        { name: "zero", op: "Const" },
        { name: "cut", op: "Minimum", input: ["six", "image"] },
        { name: "last", op: "Maximum", input: ["cut", "zero"] },
      ],
    ],
    [
      "ClipByValue",
      [
        { name: "six", op: "Const" },
        { name: "zero", op: "Const" },
        { name: "last", op: "ClipByValue", input: ["image", "zero", "six"] },
      ],
    ],
  ])("finds ReLU6 spelled as %s", async (_, nodes) => {
    const network = await open(after(...nodes), [
      ...weights,
      { name: "six", shape: [], values: [6] },
      { name: "zero", shape: [1], values: [0] },
    ]);
    const [first] = network.nodes;
    expect(first?.op.kind).toBe("rectifier");
    expect(first?.attributes).toEqual({ slope: 0, ceiling: 6 });
    expect(network.nodes).toHaveLength(3);
  });

  it("keeps a sixth that was rounded as it is", async () => {
    const swish: MadeNode[] = [
      ...["three", "six", "sixth"].map((name) => ({ name, op: "Const" })),
      { name: "more", op: "AddV2", input: ["image", "three"] },
      { name: "gate", op: "Relu6", input: ["more"] },
      { name: "product", op: "Mul", input: ["image", "gate"] },
      { name: "last", op: "Mul", input: ["product", "sixth"] },
    ];
    const kinds = async (sixth: number) =>
      kindsOf(
        await open(after(...swish), [
          ...weights,
          { name: "three", shape: [], values: [3] },
          { name: "six", shape: [], values: [6] },
          { name: "sixth", shape: [], values: [sixth] },
        ]),
      );
    expect((await kinds(1 / 6)).slice(0, 2)).toEqual([
      "hard-swish",
      "global-average-pool",
    ]);
    // 1/6 as float16
    expect((await kinds(0.1666259765625)).slice(0, 2)).toEqual([
      "hard-swish",
      "batch-norm",
    ]);
  });

  it("takes off a last ArgMax, and prefers a softmax to longer outputs", async () => {
    const classes = { name: "classes", op: "ArgMax", input: ["logits"] };
    const judged = await open([image, ...dense, classes]);
    expect(judged.shapes.get(judged.output)).toEqual([3]);
    const longer = [
      { name: "wide", op: "ConcatV2", input: ["mean", "mean", "mean", "one"] },
      { name: "one", op: "Const" },
      { name: "softmax", op: "Softmax", input: ["logits"] },
    ];
    const network = await open(
      [image, ...dense, ...longer],
      [...weights, { name: "one", shape: [], values: [1], dtype: "int32" }],
    );
    expect(network.shapes.get(network.output)).toEqual([3]);
    expect(network.provenance.stripped).toEqual(["softmax"]);
    expect(network.provenance.warnings).toEqual([
      '"softmax" is taken of several outputs; the others are "wide".',
    ]);
  });

  it("writes functions out, wherever they are called", async () => {
    const library = {
      function: [
        {
          signature: {
            name: "twice",
            inputArg: [{ name: "x" }],
            outputArg: [{ name: "y" }, { name: "z" }],
          },
          nodeDef: [
            { name: "a", op: "Relu", input: ["x"], attr: {} },
            { name: "b", op: "Tanh", input: ["a:activations:0"], attr: {} },
          ],
          ret: { y: "b:y:0", z: "a:activations:0" },
        },
      ],
    };
    const call = (name: string, input: string): MadeNode => ({
      name,
      op: "PartitionedCall",
      input: [input],
      attr: { f: { func: { name: "twice" } } },
    });
    const network = await open(
      after(call("first", "image"), call("second", "first:1"), {
        name: "last",
        op: "Identity",
        input: ["second"],
      }),
      weights,
      { library },
    );
    expect(kindsOf(network).slice(0, 3)).toEqual([
      "rectifier",
      "rectifier",
      "tanh",
    ]);
  });
});

describe("what cannot be done is refused", () => {
  it("by name, all of it in one sentence, before any weight is read", async () => {
    const files = filesOf(
      after(
        { name: "sort", op: "NonMaxSuppressionV5", input: ["image"] },
        { name: "last", op: "Unheard", input: ["sort"] },
      ),
    );
    const opened: string[] = [];
    const watched = {
      ...files,
      read: (name: string, limit?: number) => {
        opened.push(name);
        return files.read(name, limit);
      },
    };
    const fault = await faultOf(openNetwork(watched, readOptions));
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toBe(
      '2 operations cannot be done: "sort" is a NonMaxSuppressionV5; "last" is a Unheard.',
    );
    expect(fault.remedy).toContain("model.export");
    expect(opened).not.toContain("weights.bin");
  });

  it.each(["While", "StatelessWhile", "If", "Enter", "Exit", "LoopCond"])(
    "%s, with its node",
    async (op) => {
      const fault = await refused(
        after({ name: "last", op, input: ["image"] }),
      );
      expect(fault.code).toBe("unsupported-network");
      expect(fault.message).toContain(`"last" is a ${op}`);
    },
  );

  it("a branch that depends on the image", async () => {
    const fault = await refused(
      after(
        { name: "switch", op: "Switch", input: ["image", "image"] },
        { name: "last", op: "Merge", input: ["switch", "switch:1"] },
      ),
    );
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toContain('Node "switch" (Switch)');
  });

  it("points, with what the outputs are", async () => {
    const to = [1, 32, 1];
    const spelled = "[1, 32, 1]";
    const boxes = [
      { name: "to", op: "Const" },
      { name: "boxes", op: "Reshape", input: ["image", "to"] },
    ];
    const fault = await refused(
      [image, ...boxes],
      [{ name: "to", shape: [3], values: to, dtype: "int32" }],
    );
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toBe(
      'The network gives no value for each class: its output is "boxes" ' +
        spelled +
        ".",
    );
  });

  it.each([
    [
      "a batch's statistics",
      {
        name: "last",
        op: "FusedBatchNormV3",
        input: ["image", "two", "two", "none", "none"],
        attr: { is_training: { b: true } },
      },
      'Node "last" (FusedBatchNormV3): its statistics are those of the batch',
    ],
    [
      "whole numbers",
      {
        name: "last",
        op: "Cast",
        input: ["image"],
        attr: { DstT: { type: "DT_INT32" } },
      },
      'Node "last" (Cast)',
    ],
    [
      "a kernel that is computed",
      {
        name: "last",
        op: "Conv2D",
        input: ["image", "image"],
        attr: { padding: text("SAME"), strides: ints(1, 1, 1, 1) },
      },
      "its kernel depends on the image",
    ],
    [
      "what it is fused with",
      {
        name: "last",
        op: "_FusedConv2D",
        input: ["image", "two"],
        attr: { fused_ops: { list: { s: [btoa("Odd")] } } },
      },
      "it is fused with Odd",
    ],
  ])("%s", async (_, node, message) => {
    const given = ["two", "none"].map((name) => ({ name, op: "Const" }));
    const fault = await refused(after(...given, node), [
      ...weights,
      { name: "two", shape: [2], values: [1, 1] },
      { name: "none", shape: [0], values: [] },
    ]);
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toContain(message);
  });
});

describe("a damaged graph is refused", () => {
  const chain = (count: number): MadeNode[] =>
    Array.from({ length: count }, (_, i) => ({
      name: i === count - 1 ? "last" : `n${i}`,
      op: "Identity",
      input: [i === 0 ? "image" : `n${i - 1}`],
    }));

  it("but not for being deep", async () => {
    const network = await open(after(...chain(20_000)));
    expect(kindsOf(network)).toEqual(["global-average-pool", "dense"]);
  });

  it.each([
    [
      "a circle",
      after(
        { name: "a", op: "Add", input: ["image", "last"] },
        { name: "last", op: "Relu", input: ["a"] },
      ),
      "reads what depends on it",
    ],
    [
      "a node that is not there",
      after({ name: "last", op: "Relu", input: ["nowhere"] }),
      'no node "nowhere"',
    ],
    [
      "two nodes of one name",
      after(
        { name: "last", op: "Relu", input: ["image"] },
        { name: "last", op: "Relu", input: ["image"] },
      ),
      'Two nodes are called "last"',
    ],
    [
      "an input that is missing",
      after({ name: "last", op: "Add", input: ["image"] }),
      'Node "last" (Add): it has no input 1.',
    ],
    [
      "a text that is none",
      after({
        name: "last",
        op: "Conv2D",
        input: ["image"],
        attr: { padding: { s: "%%%" } },
      }),
      "base64",
    ],
    ["nodes that are none", [image, 7], "without a name"],
    [
      "a shape that does not fit",
      after(
        { name: "to", op: "Const" },
        { name: "last", op: "Reshape", input: ["image", "to"] },
      ),
      "cannot be laid out",
    ],
  ])("%s", async (_, nodes, message) => {
    // 7 is no node, on purpose
    const fault = await refused(nodes as MadeNode[], [
      ...weights,
      { name: "to", shape: [2], values: [5, 5], dtype: "int32" },
    ]);
    expect([fault.code, fault.message]).toEqual([
      "damaged-file",
      expect.stringContaining(message),
    ]);
  });

  it("a function that calls itself, and functions that multiply without end", async () => {
    const calling = (name: string, ...inner: readonly string[]) => ({
      signature: {
        name,
        inputArg: [{ name: "x" }],
        outputArg: [{ name: "y" }],
      },
      nodeDef: inner.map((f, i) => ({
        name: `c${i}`,
        op: "PartitionedCall",
        input: [i === 0 ? "x" : `c${i - 1}:output:0`],
        attr: { f: { func: { name: f } } },
      })),
      ret: { y: inner.length > 0 ? `c${inner.length - 1}:output:0` : "x" },
    });
    const call = (f: string) =>
      after({
        name: "last",
        op: "PartitionedCall",
        input: ["image"],
        attr: { f: { func: { name: f } } },
      });
    const self = await refused(call("f"), weights, {
      library: { function: [calling("f", "g"), calling("g", "f")] },
    });
    expect([self.code, self.message]).toEqual([
      "damaged-file",
      'The function "f" calls itself.',
    ]);
    const levels = Array.from({ length: 40 }, (_, i) =>
      calling(`f${i}`, `f${i + 1}`, `f${i + 1}`),
    );
    const endless = await refused(call("f0"), weights, {
      library: { function: [...levels, calling("f40")] },
    });
    expect(endless.code).toBe("damaged-file");
    expect(endless.message).toMatch(/without end|in a circle/);
  });

  it("sizes without end: of the image, of a fill, of a repetition", async () => {
    const huge = {
      ...image,
      attr: { ...image.attr, shape: shape(-1, 2 ** 60, 4, 2) },
    };
    const large = await refused([huge, ...dense]);
    expect(large.code).toBe("unsupported-network");
    const big: MadeWeight[] = [
      { name: "big", shape: [3], values: [1e9, 1e9, 1e9], dtype: "int32" },
      { name: "seven", shape: [], values: [7] },
    ];
    const filled = await refused(
      after(
        { name: "big", op: "Const" },
        { name: "seven", op: "Const" },
        { name: "fill", op: "Fill", input: ["big", "seven"] },
        { name: "last", op: "Add", input: ["image", "fill"] },
      ),
      [...weights, ...big],
    );
    expect(filled.code).toBe("unsupported-network");
    expect(filled.message).toContain('Node "fill" (Fill)');
  });

  it("weights that are not finite, but a limit may be infinite", async () => {
    const [axes] = weights;
    if (!axes) throw new Error("no weights");
    const bad = await refused(
      [image, ...dense],
      [axes, { name: "kernel", shape: [2, 3], values: [1, 2, NaN, 4, 5, 6] }],
    );
    expect([bad.code, bad.message]).toEqual([
      "damaged-file",
      'The tensor "kernel" of shape [2, 3] holds NaN at position 2.',
    ]);
    const network = await open(
      after(
        { name: "top", op: "Const" },
        { name: "relu", op: "Relu", input: ["image"] },
        { name: "last", op: "Minimum", input: ["relu", "top"] },
      ),
      [...weights, { name: "top", shape: [], values: [Infinity] }],
    );
    expect(kindsOf(network)).toEqual([
      "rectifier",
      "global-average-pool",
      "dense",
    ]);
  });
});
