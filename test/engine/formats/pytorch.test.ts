/** PyTorch's files: both containers, what they may hold around the weights, and what is refused with advice. */
import { beforeAll, describe, expect, it } from "vitest";
import { openNetwork, type Network } from "../../../src/engine";
import { openBackend } from "../../../src/main/host/backend";
import { Fault, type FaultCode } from "../../../src/shared/fault";
import { faultOf, memoryFiles, readOptions } from "./memory-files";
import {
  call,
  dict,
  float,
  global,
  int,
  op,
  pickleOf,
  sequence,
  storage,
  tensor,
  text,
  tuple,
} from "./pickle-bytes";
import {
  bytesOf,
  rowMajor,
  stateDict,
  tinyResnet,
  torchStream,
  torchZip,
  type State,
} from "./torch-files";
import { join, utf8, zipOf } from "./zip-bytes";

const state = tinyResnet();

beforeAll(async () => {
  await openBackend();
});

async function open(bytes: Uint8Array, name = "net.pth"): Promise<Network> {
  const files = memoryFiles({ [name]: bytes }, name, name);
  return (await openNetwork(files, readOptions)).network;
}

async function expectFault(
  bytes: Uint8Array,
  code: FaultCode,
  ...words: readonly string[]
): Promise<void> {
  const files = memoryFiles({ "net.pth": bytes }, "net.pth", "net.pth");
  const fault = await faultOf(openNetwork(files, readOptions));
  for (const word of words) expect(fault.message).toContain(word);
  expect(fault.code).toBe(code);
}

function valuesOf({ nodes }: Network): number[] {
  return nodes.flatMap((node) =>
    Object.values(node.weights).flatMap(({ data }) => [...data]),
  );
}

function weightOf(network: Network, name: string, weight: string) {
  const found = network.nodes.find((node) => node.name === name);
  return found?.weights[weight];
}

/** The state with other numbers in one of its tensors. */
function withTensor(key: string, change: Partial<State[string]>): State {
  const old = state[key];
  if (!old) throw new Error(`no ${key}`);
  return { ...state, [key]: { ...old, ...change } };
}

function without(key: string): State {
  return Object.fromEntries(Object.entries(state).filter(([k]) => k !== key));
}

function prefixed(prefix: string, part: State = state): State {
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [prefix + key, value]),
  );
}

describe("a state dict", () => {
  it("gives each weight its place, height by width by in by out", async () => {
    const network = await open(torchZip(state));
    expect(network.input).toEqual([32, 32, 3]);
    const kernel = weightOf(network, "conv1", "kernel");
    expect(kernel?.shape).toEqual([3, 3, 3, 2]);
    const source = state["conv1.weight"]?.data ?? [];
    const moved = Array.from({ length: 54 }, (_, i) => {
      const [out, inputs] = [i % 2, Math.floor(i / 2) % 3];
      return source[(out * 3 + inputs) * 9 + Math.floor(i / 6)];
    });
    expect([...(kernel?.data ?? [])]).toEqual(moved);
    const dense = weightOf(network, "fc", "kernel");
    const [a, b, c, d, e, f] = state["fc.weight"]?.data ?? [];
    expect(dense?.shape).toEqual([2, 3]);
    expect([...(dense?.data ?? [])]).toEqual([a, c, e, b, d, f]);
    expect(weightOf(network, "fc", "bias")?.data).toEqual(
      state["fc.bias"]?.data,
    );
  });

  it("is the same in the old format, and whatever it is called", async () => {
    const expected = valuesOf(await open(torchZip(state)));
    expect(expected.length).toBeGreaterThan(130);
    expect(valuesOf(await open(torchStream(state)))).toEqual(expected);
    for (const name of ["net.bin", "net.ckpt", "net", "net.tar"])
      for (const bytes of [torchZip(state), torchStream(state)])
        expect(valuesOf(await open(bytes, name))).toEqual(expected);
  });

  it.each([20, 21, 22])(
    "is the same with a name of %i characters",
    async (length) => {
      const expected = valuesOf(await open(torchZip(state)));
      const folder = "n".repeat(length);
      expect(valuesOf(await open(torchZip(state, { folder })))).toEqual(
        expected,
      );
    },
  );

  it("tells its producer, and guesses the preprocessing", async () => {
    const { provenance, told } = await open(torchStream(state));
    expect(provenance.format).toContain("PyTorch");
    expect(provenance.producer).toContain("ResNet of 1 basic blocks");
    expect(provenance.producer).toContain("before 1.6");
    expect(told.fixedSize).toBeNull();
    expect(told.preprocessing).toMatchObject({
      from: "guess",
      value: { order: "RGB", std: [0.229 * 255, 0.224 * 255, 0.225 * 255] },
    });
  });

  it("may be of a machine that is big-endian", async () => {
    const expected = valuesOf(await open(torchZip(state)));
    const turned = Object.values(state).map(({ data }, i) => {
      const view = new DataView(new ArrayBuffer(data.byteLength));
      data.forEach((value, at) => view.setFloat32(at * 4, value));
      return [`data/${i}`, new Uint8Array(view.buffer)] as const;
    });
    const entries = {
      byteorder: utf8("big"),
      ...Object.fromEntries(turned),
    };
    const network = await open(torchZip(state, { entries }));
    expect(valuesOf(network)).toEqual(expected);
    await expectFault(
      torchZip(state, { entries: { byteorder: utf8("pdp") } }),
      "damaged-file",
      "byte order",
    );
  });

  it("may be of a time without byte orders", async () => {
    const expected = valuesOf(await open(torchZip(state)));
    const old = torchZip(state, { entries: { byteorder: null } });
    expect(valuesOf(await open(old))).toEqual(expected);
  });

  it("in a folder is the only one there", async () => {
    const bytes = torchZip(state);
    const alone = { "notes.txt": "x", "net.pth": bytes };
    const { network } = await openNetwork(memoryFiles(alone), readOptions);
    expect(network.nodes.length).toBeGreaterThan(5);
    const two = { "a.pth": bytes, "b.pth": bytes };
    const fault = await faultOf(openNetwork(memoryFiles(two), readOptions));
    expect(fault.message).toContain('"a.pth", "b.pth"');
  });
});

describe("around the weights there may be", () => {
  const weights = stateDict(state);
  const settings = [
    text("epoch"),
    int(3),
    text("best_acc1"),
    tensor(storage("FloatStorage", "0", 54), { size: [], strides: [] }),
    text("args"),
    sequence(
      global("argparse", "Namespace"),
      op.emptyTuple,
      op.newobj,
      dict(text("lr"), float(0.1)),
      op.build,
    ),
    text("best"),
    call("numpy.core.multiarray", "scalar", global("numpy", "dtype")),
    text("config"),
    call("my.code", "Config"),
    text("optimizer"),
    dict(text("state"), weights),
  ] as const;

  it.each([
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "ema",
    "weights",
    "something_else",
  ])("a checkpoint with %s", async (name) => {
    const root = dict(...settings, text(name), weights);
    const network = await open(torchZip(state, { root }));
    expect(valuesOf(network)).toEqual(valuesOf(await open(torchZip(state))));
    expect(network.provenance.warnings.join()).not.toContain("several");
  });

  it("a checkpoint in a checkpoint", async () => {
    const root = dict(text("a"), dict(text("state_dict"), weights));
    await open(torchZip(state, { root }));
  });

  it("several sets of weights: the usual one is taken, and the rest is named", async () => {
    const root = dict(text("ema"), weights, text("state_dict"), weights);
    const { provenance } = await open(torchZip(state, { root }));
    expect(provenance.warnings.join()).toContain('"state_dict" was opened');
    expect(provenance.warnings.join()).toContain('"ema"');
  });

  it.each(["module.", "model.", "backbone.", "_orig_mod.module.", "a.b.c."])(
    "the prefix %s",
    async (prefix) => {
      const network = await open(torchZip(prefixed(prefix)));
      expect(valuesOf(network)).toEqual(valuesOf(await open(torchZip(state))));
    },
  );

  it("other tensors beside the network's prefix, which are named", async () => {
    const extra = {
      "loss.weight": { shape: [2], data: Float32Array.of(1, 2) },
    };
    const all = { ...prefixed("model."), ...extra };
    const { provenance } = await open(torchZip(all));
    expect(provenance.warnings.join()).toContain('"loss.weight"');
  });

  it("but not two networks", async () => {
    const two = { ...prefixed("student."), ...prefixed("teacher.") };
    await expectFault(
      torchZip(two),
      "unsupported-network",
      "2 networks",
      '"student."',
      '"teacher."',
    );
  });
});

describe("tensors may", () => {
  const [first] = Object.keys(state);
  const kernel = state["conv1.weight"] ?? {
    shape: [],
    data: new Float32Array(),
  };

  /** The state dict with its first tensor made otherwise. */
  function withFirst(value: Uint8Array): Uint8Array {
    return sequence(stateDict(state), text(first ?? ""), value, op.setitem);
  }

  async function expectSame(bytes: Uint8Array): Promise<void> {
    const network = await open(bytes);
    expect(valuesOf(network)).toEqual(valuesOf(await open(torchZip(state))));
  }

  it("lie in another order than row after row", async () => {
    const [out = 0, inputs = 0, height = 0, width = 0] = kernel.shape;
    const strides = [height * width * inputs, 1, width * inputs, inputs];
    const moved = new Float32Array(54);
    kernel.data.forEach((value, i) => {
      const [o, c, y, x] = rowMajor(kernel.shape).map(
        (stride, axis) => Math.floor(i / stride) % (kernel.shape[axis] ?? 1),
      );
      const at = [o, c, y, x].reduce<number>(
        (sum, index, axis) => sum + (index ?? 0) * (strides[axis] ?? 0),
        0,
      );
      moved[at] = value;
    });
    expect(out * inputs).toBe(6);
    const root = withFirst(
      tensor(storage("FloatStorage", "0", 54), { size: kernel.shape, strides }),
    );
    const entries = { "data/0": bytesOf(moved) };
    await expectSame(torchZip(state, { root, entries }));
  });

  it("share a storage", async () => {
    const tensors = Object.entries(state);
    let at = 0;
    const items = tensors.flatMap(([key, { shape, data }]) => {
      const offset = at;
      at += data.length;
      return [
        text(key),
        tensor(storage("FloatStorage", "all", total), {
          offset,
          size: shape,
          strides: rowMajor(shape),
        }),
      ];
    });
    const all = join(tensors.map(([, { data }]) => bytesOf(data)));
    const entries = { "data/all": all };
    await expectSame(torchZip(state, { root: dict(...items), entries }));
  });
  const total = Object.values(state).reduce(
    (n, { data }) => n + data.length,
    0,
  );

  it("repeat a number", async () => {
    const ones = withTensor("bn1.weight", { data: Float32Array.of(0.5, 0.5) });
    const expected = valuesOf(await open(torchZip(ones)));
    const root = sequence(
      stateDict(ones),
      text("bn1.weight"),
      tensor(storage("FloatStorage", "1", 2), { size: [2], strides: [0] }),
      op.setitem,
    );
    expect(valuesOf(await open(torchZip(ones, { root })))).toEqual(expected);
  });

  it.each<
    [
      string,
      string,
      (view: DataView, at: number, value: number) => void,
      number,
    ]
  >([
    [
      "halves",
      "HalfStorage",
      (v, i, x) => v.setUint16(i * 2, half(x), true),
      2,
    ],
    [
      "bfloat16",
      "BFloat16Storage",
      (v, i, x) => v.setUint16(i * 2, brain(x), true),
      2,
    ],
    ["doubles", "DoubleStorage", (v, i, x) => v.setFloat64(i * 8, x, true), 8],
    [
      "whole numbers",
      "LongStorage",
      (v, i, x) => v.setBigInt64(i * 8, BigInt(Math.round(x * 64)), true),
      8,
    ],
    ["bytes", "ByteStorage", (v, i, x) => v.setUint8(i, Math.round(x * 64)), 1],
  ])("be %s", async (_, type, write, size) => {
    const view = new DataView(new ArrayBuffer(54 * size));
    kernel.data.forEach((value, i) => write(view, i, value));
    const root = withFirst(
      tensor(storage(type, "other", 54), {
        size: kernel.shape,
        strides: rowMajor(kernel.shape),
      }),
    );
    const entries = { "data/other": new Uint8Array(view.buffer) };
    const network = await open(torchZip(state, { root, entries }));
    const scale = type === "LongStorage" || type === "ByteStorage" ? 64 : 1;
    const expected = await open(torchZip(state));
    const want = weightOf(expected, "conv1", "kernel")?.data ?? [];
    expect([...(weightOf(network, "conv1", "kernel")?.data ?? [])]).toEqual(
      [...want].map((value) => value * scale),
    );
  });

  it.each<[string, Uint8Array, FaultCode, string]>([
    [
      "reach beyond their storage",
      tensor(storage("FloatStorage", "0", 54), {
        offset: 1,
        size: kernel.shape,
        strides: rowMajor(kernel.shape),
      }),
      "damaged-file",
      "number 55 of a storage of 54",
    ],
    [
      "be larger than any memory",
      tensor(storage("FloatStorage", "0", 54), {
        size: [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1],
        strides: [0, 0, 0],
      }),
      "damaged-file",
      "beyond all bounds",
    ],
    [
      "blow one number up to gigabytes",
      tensor(storage("FloatStorage", "0", 54), {
        size: [2 ** 30],
        strides: [0],
      }),
      "unsupported-network",
      "repeats 1 numbers to 1073741824",
    ],
    [
      "lie in a storage that is another's",
      tensor(storage("DoubleStorage", "1", 2), {
        size: kernel.shape,
        strides: rowMajor(kernel.shape),
      }),
      "damaged-file",
      "two storages",
    ],
    [
      "lie in a storage that is not there",
      tensor(storage("FloatStorage", "x", 54), {
        size: kernel.shape,
        strides: rowMajor(kernel.shape),
      }),
      "damaged-file",
      'no storage "x"',
    ],
    [
      "lie in a storage outside the zip's folder",
      tensor(storage("FloatStorage", "../version", 54), {
        size: kernel.shape,
        strides: rowMajor(kernel.shape),
      }),
      "damaged-file",
      "no storage",
    ],
    [
      "be empty",
      tensor(storage("FloatStorage", "0", 54), {
        size: [0, 3, 3, 3],
        strides: [27, 9, 3, 1],
      }),
      "unsupported-network",
      "[0, 3, 3, 3]",
    ],
    [
      "be quantized",
      call("torch._utils", "_rebuild_qtensor", int(1)),
      "unsupported-network",
      "torch._utils._rebuild_qtensor",
    ],
    [
      "be made by a stranger's code",
      call("my.code", "make_weight", int(1)),
      "unsupported-network",
      '"conv1.weight", made by my.code.make_weight',
    ],
  ])("not %s", async (_, value, code, words) => {
    await expectFault(torchZip(state, { root: withFirst(value) }), code, words);
  });

  it("not hold what is no number", async () => {
    const data = kernel.data.slice();
    data[10] = NaN;
    const bad = torchZip(withTensor("conv1.weight", { data }));
    await expectFault(bad, "damaged-file", '"conv1.weight" holds NaN', "10");
  });

  it("not be shared until a small file is a large network", async () => {
    // 400 blocks of the same two kernels: each is sound
    const items = [0, 1, 2, 3, 4].flatMap((i) => entryAt(i));
    const one = { size: [64, 64, 3, 3], strides: [576, 9, 3, 1] };
    const big = storage("FloatStorage", "big", 64 * 64 * 9);
    for (let block = 0; block < 400; block++)
      items.push(text(`layer1.${block}.conv1.weight`), tensor(big, one));
    const entries = { "data/big": new Uint8Array(64 * 64 * 36) };
    const wide = {
      ...withTensor("conv1.weight", {
        shape: [64, 3, 3, 3],
        data: new Float32Array(64 * 27),
      }),
    };
    for (const part of ["weight", "bias", "running_mean", "running_var"])
      wide[`bn1.${part}`] = { shape: [64], data: new Float32Array(64) };
    const norm = tensor(storage("FloatStorage", "big", 64 * 64 * 9), {
      size: [64],
      strides: [1],
    });
    for (let block = 0; block < 400; block++)
      for (const part of ["conv2.weight", ...normsOf("bn1"), ...normsOf("bn2")])
        items.push(
          text(`layer1.${block}.${part}`),
          part === "conv2.weight" ? tensor(big, one) : norm,
        );
    const root = dict(...wideItems(wide), ...items.slice(10));
    await expectFault(
      torchZip(wide, { root, entries }),
      "damaged-file",
      "from a file of",
    );
  });

  function entryAt(i: number): Uint8Array[] {
    const [key = "", { shape, data } = kernel] = Object.entries(state)[i] ?? [];
    const view = { size: shape, strides: rowMajor(shape) };
    return [
      text(key),
      tensor(storage("FloatStorage", String(i), data.length), view),
    ];
  }

  function wideItems(wide: State): Uint8Array[] {
    return Object.entries(wide)
      .slice(0, 5)
      .flatMap(([key, { shape, data }], i) => [
        text(key),
        tensor(storage("FloatStorage", String(i), data.length), {
          size: shape,
          strides: rowMajor(shape),
        }),
      ]);
  }

  function normsOf(name: string): string[] {
    return ["weight", "bias", "running_mean", "running_var"].map(
      (part) => `${name}.${part}`,
    );
  }
});

describe("keys that do not fit are named:", () => {
  it.each<[string, State, string]>([
    [
      "one is missing",
      without("layer1.0.bn2.running_var"),
      '"layer1.0.bn2.running_var" is missing',
    ],
    [
      "the last layer is missing",
      without("fc.weight"),
      '"fc.weight" is missing',
    ],
    [
      "there is one too many",
      {
        ...state,
        "layer1.0.attention.weight": { shape: [1], data: Float32Array.of(1) },
      },
      'no place for "layer1.0.attention.weight" (attention within the blocks)',
    ],
    [
      "one has another shape",
      withTensor("layer1.0.conv2.weight", { shape: [2, 3, 3, 2] }),
      '"layer1.0.conv2.weight" has the shape [2, 3, 3, 2] and is given 2 channels',
    ],
    [
      "a norm has another size",
      withTensor("bn1.running_mean", { shape: [1], data: Float32Array.of(1) }),
      '"bn1.running_mean" has the shape [1]',
    ],
    [
      "one is no convolution",
      withTensor("layer1.0.conv1.weight", { shape: [36] }),
      '"layer1.0.conv1.weight" has the shape [36]',
    ],
    [
      "none is known",
      { "encoder.weight": { shape: [2], data: Float32Array.of(1, 2) } },
      '"encoder.weight"',
    ],
  ])("%s", async (_, changed, words) => {
    await expectFault(torchZip(changed), "unsupported-network", words);
  });

  it("with the prefix they have in the file", async () => {
    const part = prefixed("module.", without("fc.weight"));
    await expectFault(
      torchZip(part),
      "unsupported-network",
      '"module.fc.weight" is missing',
    );
  });

  it("and the way out is shown", async () => {
    const unknown = {
      "encoder.weight": { shape: [1], data: Float32Array.of(1) },
    };
    const files = memoryFiles(
      { "net.pth": torchZip(unknown) },
      "net.pth",
      "net.pth",
    );
    const { remedy } = await faultOf(openNetwork(files, readOptions));
    expect(remedy).toContain("torch.onnx.export(model.eval()");
  });
});

describe("what is no state dict is refused with advice:", () => {
  const whole = sequence(
    global("torchvision.models.resnet", "ResNet"),
    op.emptyTuple,
    op.newobj,
    dict(text("training"), op.false),
    op.build,
  );
  it.each<[string, Uint8Array, string]>([
    [
      "a whole module",
      torchZip(state, { root: whole }),
      "torchvision.models.resnet.ResNet",
    ],
    [
      "a whole module of long ago",
      torchStream(state, { root: whole, keys: [] }),
      "whole Python object",
    ],
    [
      "a whole module in a dict",
      torchZip(state, { root: dict(text("model"), whole) }),
      '"model" is a whole Python object',
    ],
    [
      "TorchScript",
      torchZip(state, {
        entries: { "constants.pkl": pickleOf(op.emptyTuple) },
      }),
      "TorchScript",
    ],
    [
      "TorchScript's code",
      torchZip(state, { entries: { "code/a.py": utf8("pass") } }),
      "TorchScript",
    ],
    [
      "a tensor alone",
      torchZip(state, {
        root: tensor(storage("FloatStorage", "0", 54), {
          size: [2],
          strides: [1],
        }),
      }),
      "a single tensor",
    ],
    ["a number", torchZip(state, { root: int(3) }), "no weights"],
    [
      "a dict of settings",
      torchZip(state, { root: dict(text("lr"), int(1)) }),
      '"lr"',
    ],
    ["an empty dict", torchZip(state, { root: dict() }), "no keys"],
    ["a bare pickle", pickleOf(dict(text("a"), int(1))), "bare Python pickle"],
    [
      "another's zip",
      zipOf([{ name: "a.txt", data: utf8("a") }]),
      "zip archive",
    ],
    ["a tar", tar(), "tar archive"],
  ])("%s", async (_, bytes, words) => {
    await expectFault(bytes, "unsupported-network", words);
  });

  function tar(): Uint8Array {
    const bytes = new Uint8Array(1024);
    bytes.set(utf8("storages"));
    bytes.set(utf8("ustar"), 257);
    return bytes;
  }
});

describe("a damaged file is refused:", () => {
  const stream = torchStream(state);
  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "does not begin"],
    ["text", utf8("hello"), "does not begin"],
    ["a zip cut off", torchZip(state).slice(0, -40), "zip archive"],
    [
      "a pickle cut off",
      torchZip(state, {
        entries: { "data.pkl": pickleOf(stateDict(state)).slice(0, 300) },
      }),
      "ends too soon",
    ],
    [
      "a storage too short",
      torchZip(state, { entries: { "data/0": new Uint8Array(215) } }),
      "215 bytes",
    ],
    [
      "no storage",
      torchZip(state, { entries: { "data/0": null } }),
      'no storage "0"',
    ],
    [
      "an unknown version",
      torchStream(state, { protocol: int(1002) }),
      "unknown version",
    ],
    [
      "a stream cut off in its numbers",
      stream.slice(0, -1),
      "ends within the storage",
    ],
    ["a stream cut off in its pickle", stream.slice(0, 400), "ends too soon"],
    ["a stream cut off after its start", stream.slice(0, 15), "ends too soon"],
    [
      "a stream's storage of another length",
      torchStream(state, { lengths: [53] }),
      "two different lengths",
    ],
    [
      "a stream's storage of a negative length",
      torchStream(state, { lengths: [-54] }),
      "two different lengths",
    ],
    [
      "a stream's unknown storage",
      torchStream(state, { keys: ["zero"] }),
      "nothing uses",
    ],
    [
      "a stream's storage twice",
      torchStream(state, { keys: ["0", "0"] }),
      "twice",
    ],
    [
      "a stream's missing storages",
      torchStream(state, { keys: [] }),
      "no storage",
    ],
    [
      "what would run code",
      torchZip(state, { root: call("os", "system", text("true")) }),
      "os.system",
    ],
    [
      "what would run code beside the weights",
      torchZip(state, {
        root: dict(
          text("state_dict"),
          stateDict(state),
          text("x"),
          tuple(call("posix", "system", text("true"))),
        ),
      }),
      "posix.system",
    ],
  ])("%s", async (_, bytes, words) => {
    await expectFault(bytes, "damaged-file", words);
  });

  it("or is still a network: any changed byte", async () => {
    // the same places on every machine
    let random = 12345;
    const next = (below: number) => {
      random = (random * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((random / 2 ** 31) * below);
    };
    const outcomes = { opened: 0, refused: 0 };
    for (const sound of [torchZip(state), stream])
      for (let i = 0; i < 150; i++) {
        const bytes = sound.slice();
        for (let flips = next(3); flips >= 0; flips--)
          bytes[next(bytes.length)] = next(256);
        try {
          const network = await open(bytes);
          expect(valuesOf(network).every(Number.isFinite)).toBe(true);
          outcomes.opened++;
        } catch (error) {
          const code = error instanceof Fault ? error.code : "none";
          expect(["damaged-file", "unsupported-network"]).toContain(code);
          outcomes.refused++;
        }
      }
    expect(outcomes.opened).toBeGreaterThan(30);
    expect(outcomes.refused).toBeGreaterThan(30);
  });
});

/** IEEE 754 binary16 of a positive normal number that is exact in it. */
function half(value: number): number {
  const exponent = Math.floor(Math.log2(value));
  const fraction = (value / 2 ** exponent - 1) * 1024;
  return ((exponent + 15) << 10) | fraction;
}

/** bfloat16 of a number that is exact in it. */
function brain(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint16(0);
}
