/** ONNX files as they may be: where weights lie and how they are stored, and what is refused, with which words. */
import { beforeAll, describe, expect, it } from "vitest";
import { gradientOf, openNetwork, type Network } from "../../../../src/engine";
import { openBackend } from "../../../../src/main/host/backend";
import { Fault, type FaultCode } from "../../../../src/shared/fault";
import {
  faultOf,
  memoryFiles,
  readOptions,
  type Contents,
} from "../memory-files";
import {
  floatBytes,
  modelBytes,
  type Graph,
  type GraphNode,
  type Tensor,
} from "./onnx-bytes";

beforeAll(async () => {
  await openBackend();
});

const values = [0.5, -2, 3, 0.25, 1, -1];
/** A 1 x 1 convolution from three channels to two. */
const kernel: Tensor = {
  name: "kernel",
  dims: [2, 3, 1, 1],
  raw: floatBytes(...values),
};
const conv: GraphNode = {
  op: "Conv",
  name: "first",
  inputs: ["image", "kernel"],
  outputs: ["map"],
};
const pool: GraphNode = {
  op: "GlobalAveragePool",
  inputs: ["map"],
  outputs: ["pooled"],
};
const image = { name: "image", dims: ["n", 3, 4, 5] };
const base: Graph = {
  nodes: [conv, pool],
  tensors: [kernel],
  inputs: [image],
  outputs: ["pooled"],
};

async function open(contents: Contents, chosen = "net.onnx"): Promise<Network> {
  const files = memoryFiles(contents, chosen, chosen);
  return (await openNetwork(files, readOptions)).network;
}

function openGraph(graph: Partial<Graph>, opset?: number): Promise<Network> {
  return open({ "net.onnx": modelBytes({ ...base, ...graph }, opset) });
}

/** The convolution's kernel as it was read: [out, in] again. */
function kernelOf(network: Network): number[] {
  const node = network.nodes.find((n) => n.op.kind === "conv2d");
  const data = [...(node?.weights["kernel"]?.data ?? [])];
  return [0, 2, 4, 1, 3, 5].map((i) => data[i] ?? NaN);
}

async function expectFault(
  opening: Promise<unknown>,
  code: FaultCode,
  words: string | RegExp,
): Promise<void> {
  const fault = await faultOf(opening);
  expect(fault.message).toMatch(words);
  expect(fault.code).toBe(code);
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Of values that both kinds of halves hold exactly. */
const halves = Uint16Array.of(0x3800, 0xc000, 0x4200, 0x3400, 0x3c00, 0xbc00);
const brains = Uint16Array.of(0x3f00, 0xc000, 0x4040, 0x3e80, 0x3f80, 0xbf80);

describe("grey images without all axes", () => {
  const single: Tensor = { ...kernel, dims: [6, 1, 1, 1] };
  const shape = (...dims: number[]): Tensor => ({
    name: "shape",
    dims: [dims.length],
    type: 7,
    raw: bytesOf(BigInt64Array.from(dims, BigInt)),
  });
  it.each<[string, (number | string)[], string, Tensor]>([
    [
      "[batch, height, width] with a channel added",
      ["n", 4, 5],
      "Unsqueeze",
      shape(1),
    ],
    [
      "[batch, height, width] laid out anew",
      ["n", 4, 5],
      "Reshape",
      shape(-1, 1, 4, 5),
    ],
    ["[height, width] laid out anew", [4, 5], "Reshape", shape(1, 1, 4, 5)],
    ["[height, width] with two axes added", [4, 5], "Unsqueeze", shape(0, 1)],
    ["one image of one channel", [1, 4, 5], "Unsqueeze", shape(0)],
  ])("%s", async (_, dims, op, tensor) => {
    const network = await openGraph({
      inputs: [{ name: "image", dims }],
      tensors: [single, tensor],
      nodes: [
        { op, inputs: ["image", "shape"], outputs: ["map4"] },
        { ...conv, inputs: ["map4", "kernel"] },
        pool,
      ],
    });
    expect(network.input).toEqual([4, 5, 1]);
    const { runtime } = await openBackend();
    const pixels = Float32Array.from({ length: 20 }, (_v, i) => i / 20);
    const { logits } = gradientOf(
      {
        network: { ...network, preprocessing: null },
        runtime,
        method: { kind: "relu" },
        target: { kind: "logit", index: 0 },
      },
      pixels,
    );
    const mean = pixels.reduce((a, b) => a + b, 0) / 20;
    for (const [i, value] of values.entries())
      expect(logits[i]).toBeCloseTo(value * mean, 5);
  });
});

describe("outputs", () => {
  const outputs = ["map", "pooled"];

  it("are chosen by name", async () => {
    const files = memoryFiles(
      { "net.onnx": modelBytes({ ...base, outputs }) },
      "net.onnx",
      "net.onnx",
    );
    const { network } = await openNetwork(files, {
      ...readOptions,
      output: "map",
    });
    expect(network.told.outputs?.[0]).toEqual({
      name: "map",
      shape: [4, 5, 2],
    });
    expect(network.told.head).toEqual({ value: "map", from: "file" });
    const fault = await faultOf(
      openNetwork(files, { ...readOptions, output: "probabilities" }),
    );
    expect(fault.code).toBe("invalid-request");
    expect(fault.remedy).toBe('Its outputs are "map", "pooled".');
  });

  it("that cannot be computed take no others with them", async () => {
    const network = await openGraph({
      outputs: [...outputs, "looped"],
      nodes: [conv, pool, { op: "Loop", inputs: ["map"], outputs: ["looped"] }],
    });
    expect(network.told.outputs?.map(({ name }) => name)).toEqual([
      "pooled",
      "map",
    ]);
    expect(network.provenance.warnings.join()).toMatch(
      /The output "looped" is left out: .*Loop/,
    );
  });
});

describe("weights", () => {
  const stored: [string, Partial<Tensor>][] = [
    ["raw floats", {}],
    [
      "a list of floats",
      { raw: undefined, list: { field: 4, bytes: floatBytes(...values) } },
    ],
    ["doubles", { type: 11, raw: bytesOf(Float64Array.from(values)) }],
    [
      "a list of doubles",
      {
        type: 11,
        raw: undefined,
        list: { field: 10, bytes: bytesOf(Float64Array.from(values)) },
      },
    ],
    ["halves", { type: 10, raw: bytesOf(halves) }],
    ["bfloat16", { type: 16, raw: bytesOf(brains) }],
    [
      "a list of halves",
      { type: 10, raw: undefined, list: { field: 5, bytes: varints(halves) } },
    ],
  ];
  it.each(stored)("are read from %s", async (_, change) => {
    const network = await openGraph({ tensors: [{ ...kernel, ...change }] });
    expect(kernelOf(network)).toEqual(values);
    expect(network.input).toEqual([4, 5, 3]);
  });

  it("are read from a file beside the network, at their place", async () => {
    const external = { location: "./data/w.bin", offset: "8", length: "24" };
    const tensors = [{ ...kernel, raw: undefined, external }];
    const data = new Uint8Array(40);
    data.set(floatBytes(...values), 8);
    const network = await open({
      "net.onnx": modelBytes({ ...base, tensors }),
      "data/w.bin": data,
    });
    expect(kernelOf(network)).toEqual(values);
  });

  it.each([
    ["../w.bin", "outside the network's folder"],
    ["/etc/hosts", "outside the network's folder"],
    ["data/../../w.bin", "outside the network's folder"],
    ["https://example.org/w.bin", "outside the network's folder"],
    ["", "outside the network's folder"],
    ["missing.bin", 'lie in "missing.bin", which is not there'],
    ["short.bin", "24 bytes from byte 0 on"],
  ])("are refused at %j", async (location, words) => {
    const tensors = [{ ...kernel, raw: undefined, external: { location } }];
    const bytes = modelBytes({ ...base, tensors });
    const contents = { "net.onnx": bytes, "short.bin": new Uint8Array(9) };
    const opening = open(contents);
    const fault = await faultOf(opening);
    expect(fault.code).toBe("damaged-file");
    expect(fault.message).toContain(
      location === "short.bin" ? "should have 24 bytes from byte 0" : words,
    );
  });

  it.each<[string, Partial<Tensor>, RegExp]>([
    ["too few bytes", { raw: floatBytes(1, 2) }, /holds 8 bytes.*asks for 24/],
    ["no bytes", { raw: undefined }, /holds 0 bytes/],
    ["a shape past all numbers", { dims: [2 ** 40, 2 ** 40] }, /has the shape/],
    ["a negative size", { dims: [-1, 3, 1, 1] }, /has the shape/],
    [
      "NaN",
      { raw: floatBytes(...values.slice(1), NaN) },
      /holds NaN at position 5/,
    ],
    [
      "infinity",
      { raw: floatBytes(Infinity, ...values.slice(1)) },
      /holds Infinity at position 0/,
    ],
    [
      "values twice",
      { list: { field: 4, bytes: floatBytes(...values) } },
      /twice/,
    ],
  ])("are refused with %s", async (_, change, words) => {
    const opening = openGraph({ tensors: [{ ...kernel, ...change }] });
    await expectFault(opening, "damaged-file", words);
  });

  it("are refused as strings", async () => {
    const opening = openGraph({ tensors: [{ ...kernel, type: 8 }] });
    await expectFault(opening, "unsupported-network", /type 8 of ONNX/);
  });
});

function varints(numbers: Uint16Array): Uint8Array {
  const bytes: number[] = [];
  for (let n of numbers) {
    for (; n > 127; n >>= 7) bytes.push((n & 127) | 128);
    bytes.push(n);
  }
  return Uint8Array.from(bytes);
}

describe("graphs", () => {
  it("names every operation there is none for, before weights are read", async () => {
    const nodes = [
      { ...conv, outputs: ["a"] },
      { op: "GridSample", name: "warp", inputs: ["a"], outputs: ["b"] },
      {
        op: "FusedConv",
        name: "fast",
        domain: "com.microsoft",
        inputs: ["b"],
        outputs: ["map"],
      },
      pool,
    ];
    const tensors = [
      { ...kernel, raw: undefined, external: { location: "gone" } },
    ];
    await expectFault(
      openGraph({ nodes, tensors }),
      "unsupported-network",
      /GridSample \(node "warp", opset 17\), com\.microsoft::FusedConv \(node "fast"/,
    );
  });

  it("says that a quantised network has no gradient", async () => {
    const nodes = [
      conv,
      { op: "QuantizeLinear", inputs: ["map", "kernel"], outputs: ["q"] },
      { ...pool, inputs: ["q"] },
    ];
    const fault = await faultOf(openGraph({ nodes }));
    expect(fault.message).toContain("QuantizeLinear");
    expect(fault.remedy).toContain("quantised");
  });

  it("may list nodes before those they read", async () => {
    const network = await openGraph({ nodes: [pool, conv] });
    expect(kernelOf(network)).toEqual(values);
  });

  it("leaves out what the output does not need", async () => {
    const nodes = [conv, { op: "Loop", inputs: ["map"], outputs: ["x"] }, pool];
    const network = await openGraph({ nodes });
    expect(kernelOf(network)).toEqual(values);
  });

  it.each<[string, Partial<Graph>, FaultCode, RegExp]>([
    [
      "reads what nothing gives",
      { nodes: [{ ...conv, inputs: ["none", "kernel"] }, pool] },
      "damaged-file",
      /reads "none", which nothing gives/,
    ],
    [
      "reads what depends on it",
      { nodes: [{ ...conv, inputs: ["pooled", "kernel"] }, pool] },
      "damaged-file",
      /reads what depends on it/,
    ],
    [
      "gives a value twice",
      { nodes: [conv, conv, pool] },
      "damaged-file",
      /gives "map", which is there already/,
    ],
    [
      "holds a tensor twice",
      { tensors: [kernel, kernel] },
      "damaged-file",
      /"kernel" is there twice/,
    ],
    [
      "has an output nothing gives",
      { outputs: ["none"] },
      "damaged-file",
      /Nothing gives the output "none"/,
    ],
    ["has no output", { outputs: [] }, "damaged-file", /no output/],
    [
      "needs two inputs",
      {
        inputs: [image, { name: "other", dims: [1, 3, 4, 5] }],
        nodes: [
          { op: "Add", inputs: ["image", "other"], outputs: ["sum"] },
          { ...conv, inputs: ["sum", "kernel"] },
          pool,
        ],
      },
      "unsupported-network",
      /2 inputs: "image", "other"/,
    ],
    [
      "takes no image",
      { inputs: [{ name: "image", dims: [1, 60] }] },
      "unsupported-network",
      /shape \[1, 60\]/,
    ],
    [
      "loops",
      {
        nodes: [
          conv,
          { op: "Loop", inputs: ["map"], outputs: ["x"] },
          { ...pool, inputs: ["x"] },
        ],
      },
      "unsupported-network",
      /Loop/,
    ],
    [
      "branches by the image",
      {
        nodes: [
          conv,
          pool,
          {
            op: "If",
            name: "choice",
            inputs: ["pooled"],
            outputs: ["x"],
            attributes: { then_branch: { nodes: [], outputs: ["map"] } },
          },
        ],
        outputs: ["x"],
      },
      "unsupported-network",
      /"choice" \(If, opset 17\): which branch is taken depends on the image/,
    ],
    [
      "fills the memory",
      {
        nodes: [
          {
            op: "ConstantOfShape",
            name: "fill",
            inputs: ["shape"],
            outputs: ["huge"],
          },
          { ...conv, inputs: ["image", "huge"] },
          pool,
        ],
        tensors: [
          {
            name: "shape",
            dims: [2],
            type: 7,
            raw: bytesOf(BigInt64Array.of(2n ** 20n, 2n ** 20n)),
          },
        ],
      },
      "unsupported-network",
      /"fill".*makes \d+ values/,
    ],
  ])("is refused where it %s", async (_, change, code, words) => {
    await expectFault(openGraph(change), code, words);
  });

  it("is refused in an opset without NumPy's broadcast", async () => {
    await expectFault(openGraph({}, 6), "unsupported-network", /opset 6/);
  });

  it("is refused where functions call each other without end", async () => {
    const call = { op: "Again", domain: "mine", inputs: ["x"], outputs: ["y"] };
    const again = {
      name: "Again",
      inputs: ["x"],
      outputs: ["y"],
      nodes: [call],
    };
    const nodes = [
      conv,
      { ...call, inputs: ["map"], outputs: ["z"] },
      { ...pool, inputs: ["z"] },
    ];
    const bytes = modelBytes({ ...base, nodes }, 17, [again]);
    await expectFault(
      open({ "net.onnx": bytes }),
      "unsupported-network",
      /nested more than 16 deep/,
    );
  });

  it("is refused where functions multiply", async () => {
    const twice = (i: number) => ({
      name: `F${i}`,
      inputs: ["x"],
      outputs: ["y"],
      nodes: Array.from({ length: 8 }, (_, k) => ({
        op: i === 0 ? "Relu" : `F${i - 1}`,
        domain: i === 0 ? "" : "mine",
        inputs: [k === 0 ? "x" : `v${k}`],
        outputs: [k === 7 ? "y" : `v${k + 1}`],
      })),
    });
    const functions = Array.from({ length: 8 }, (_, i) => twice(i));
    const call = { op: "F7", domain: "mine", inputs: ["map"], outputs: ["z"] };
    const nodes = [conv, call, { ...pool, inputs: ["z"] }];
    const bytes = modelBytes({ ...base, nodes }, 17, functions);
    await expectFault(
      open({ "net.onnx": bytes }),
      "unsupported-network",
      /more than 200000 nodes/,
    );
  });
});

describe("files", () => {
  const whole = modelBytes(base);

  it("is found as the one network of a folder, or by how it begins", async () => {
    const folder = memoryFiles(
      { "sub/net.onnx": whole, "notes.md": "-" },
      "folder",
    );
    const { network } = await openNetwork(folder, readOptions);
    expect(kernelOf(network)).toEqual(values);
    expect(network.provenance.format).toBe("ONNX");
    expect(kernelOf(await open({ model: whole }, "model"))).toEqual(values);
  });

  it("is asked for where a folder holds several", async () => {
    const folder = memoryFiles({ "a.onnx": whole, "b.onnx": whole }, "folder");
    await expectFault(
      openNetwork(folder, readOptions),
      "invalid-request",
      /2 ONNX networks: "a.onnx", "b.onnx"/,
    );
  });

  it("is refused wherever it is cut off", async () => {
    for (let length = 0; length < whole.length - 12; length += 7)
      await expectFault(
        open({ "net.onnx": whole.slice(0, length) }),
        "damaged-file",
        /./,
      );
  });

  it("is a network of finite weights or a fault, whatever byte is changed", async () => {
    let opened = 0;
    for (let at = 0; at < whole.length; at++) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      const network = await open({ "net.onnx": bytes }).catch(
        (error: unknown) => {
          expect(error).toBeInstanceOf(Fault);
          return null;
        },
      );
      if (!network) continue;
      opened++;
      for (const node of network.nodes)
        for (const { data } of Object.values(node.weights))
          expect(data.every(Number.isFinite)).toBe(true);
    }
    expect(opened).toBeGreaterThan(0);
  });

  it("takes the size that is asked for where it leaves it open", async () => {
    const inputs = [{ name: "image", dims: ["n", 3, "h", "w"] }];
    const files = memoryFiles(
      { "net.onnx": modelBytes({ ...base, inputs }) },
      "net.onnx",
      "net.onnx",
    );
    const { network } = await openNetwork(files, {
      ...readOptions,
      size: [7, 9],
    });
    expect(network.input).toEqual([7, 9, 3]);
    expect(network.told.fixedSize).toBe(null);
  });

  it("finds how many channels it takes by the first convolution", async () => {
    const network = await openGraph({
      inputs: [{ name: "image", dims: ["n", "c", 4, 5] }],
    });
    expect(network.input).toEqual([4, 5, 3]);
    expect(network.told.fixedSize).toEqual([4, 5]);
  });
});
