/**
 * Hostile network files, built anew from small ones: what a file from a stranger may do on purpose.
 * Each must be refused with a code, or open with finite weights where `may` says so.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { floatBytes, modelBytes } from "../engine/formats/onnx/onnx-bytes";
import {
  bytes,
  call,
  op,
  sequence,
  text,
} from "../engine/formats/pickle-bytes";
import {
  dataOf,
  headerOf,
  safetensorsOf,
  stateDict,
  tinyResnet,
  torchStream,
  torchZip,
  type State,
} from "../engine/formats/torch-files";
import {
  join as joined,
  utf8,
  zipOf,
  type Member,
} from "../engine/formats/zip-bytes";

export interface HostileFile {
  readonly name: string;
  /** By path below the case's folder; "../" lies outside it. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Symbolic links: where they lie, and what they point at. */
  readonly links?: Readonly<Record<string, string>>;
  /** What is opened. */
  readonly open: string;
  /** It may also be a sound network after all. */
  readonly may?: "open";
}

/** Writes a case into a folder of its own and returns the path to open. */
export function layOut(folder: string, hostile: HostileFile): string {
  const home = join(folder, "case");
  mkdirSync(home, { recursive: true });
  for (const [name, content] of Object.entries(hostile.files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), content);
  }
  for (const [name, target] of Object.entries(hostile.links ?? {}))
    symlinkSync(target, join(home, name));
  return join(home, hostile.open);
}

/** All of them; `references` holds sound networks of every format. */
export function hostileFiles(references: string): HostileFile[] {
  return [
    ...sound(references).flatMap(damaged),
    ...archives(),
    ...pickles(),
    ...safetensors(),
    ...onnx(),
    ...layersModels(references),
    ...selfPointing(references),
  ];
}

interface Sound {
  readonly format: string;
  readonly open: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** The file that is damaged. */
  readonly file: string;
}

function sound(references: string): Sound[] {
  const of = (format: string, folder: string, open: string, file = open) => ({
    format,
    open,
    file,
    files: contentsOf(join(references, folder)),
  });
  return [
    of("onnx", "onnx/folded", "network.onnx"),
    of("keras-h5", "keras/vgg-h5", "network.h5"),
    of("keras-zip", "keras/vgg-keras-bfloat16", "network.keras"),
    of("frozen-graph", "tf-frozen/vgg", "frozen.pb"),
    of("tfjs-graph", "tf-graph/vgg-uint8", "model.json"),
    of(
      "tfjs-graph weights",
      "tf-graph/vgg-uint8",
      "model.json",
      "group1-shard1of1.bin",
    ),
    {
      format: "pytorch",
      open: "net.pth",
      file: "net.pth",
      files: { "net.pth": torchZip(tinyResnet()) },
    },
    {
      format: "pytorch stream",
      open: "net.pth",
      file: "net.pth",
      files: { "net.pth": torchStream(tinyResnet()) },
    },
    {
      format: "safetensors",
      open: "net.safetensors",
      file: "net.safetensors",
      files: { "net.safetensors": safetensorsOfState(tinyResnet()) },
    },
  ];
}

/** Cut off, emptied, blanked, and with more behind it than belongs there. */
function damaged({ format, open, file, files }: Sound): HostileFile[] {
  const whole = files[file] ?? new Uint8Array();
  const length = whole.length;
  const variants: [string, Uint8Array, "open"?][] = [
    ["empty", new Uint8Array()],
    ["of one byte", whole.slice(0, 1)],
    ["cut in its header", whole.slice(0, Math.min(40, length >> 1))],
    ["cut in the middle", whole.slice(0, length >> 1)],
    // what lies last may be nothing that is needed
    ["cut before its end", whole.slice(0, length - 2), "open"],
    ["all zeros", new Uint8Array(length)],
    ["all ones", new Uint8Array(length).fill(255), "open"],
    ["of random bytes", whole.map((_, i) => (i * 2654435761) >>> 13), "open"],
    [
      "followed by junk",
      joined([whole, new Uint8Array(1 << 20).fill(65)]),
      "open",
    ],
    ["twice", joined([whole, whole]), "open"],
  ];
  return variants.map(([what, content, may]) => ({
    name: `${format} ${what}`,
    files: { ...files, [file]: content },
    open,
    // weights alone may be anything finite
    ...((may ?? format === "tfjs-graph weights") && { may: "open" as const }),
  }));
}

function archives(): HostileFile[] {
  const state = tinyResnet();
  const members = (change: readonly Member[]): Uint8Array =>
    zipOf([
      { name: "net/data.pkl", data: utf8("\x80\x02}.") },
      { name: "net/version", data: utf8("3\n") },
      ...change,
    ]);
  const bomb = deflateRawSync(Buffer.alloc(64 << 20));
  const cases: [string, Uint8Array][] = [
    ["climbs out", members([{ name: "../../evil.pth", data: utf8("x") }])],
    ["is absolute", members([{ name: "/etc/evil", data: utf8("x") }])],
    ["has a drive", members([{ name: "C:\\evil", data: utf8("x") }])],
    [
      "is a link",
      members([
        { name: "net/data/0", data: utf8("/etc/passwd"), mode: 0o120777 },
      ]),
    ],
    [
      "is called otherwise inside",
      members([{ name: "net/data/0", data: utf8("x"), localName: "net/x/0" }]),
    ],
    [
      "unpacks a thousandfold",
      members([
        { name: "net/data/0", data: bomb, method: 8, size: 64 << 20, crc: 0 },
      ]),
    ],
    [
      "lies beyond the end",
      members([{ name: "net/data/0", data: utf8("x"), shift: 1 << 30 }]),
    ],
    [
      "is encrypted",
      members([{ name: "net/data/0", data: utf8("x"), flags: 1 }]),
    ],
    [
      "is there twice",
      zipOf([
        { name: "net/data.pkl", data: utf8("\x80\x02}.") },
        { name: "net/data.pkl", data: utf8("\x80\x02}.") },
      ]),
    ],
    ["misses a storage", torchZip(state, { entries: { "data/0": null } })],
    [
      "has too short a storage",
      torchZip(state, { entries: { "data/0": new Uint8Array(2) } }),
    ],
  ];
  return cases.flatMap(([what, content]): HostileFile[] => [
    {
      name: `zip: a member ${what}`,
      files: { "n.pth": content },
      open: "n.pth",
    },
    {
      name: `zip as .keras: a member ${what}`,
      files: { "n.keras": content },
      open: "n.keras",
    },
  ]);
}

function pickles(): HostileFile[] {
  const state = tinyResnet();
  const run = (module: string, name: string) =>
    call(module, name, text("touch /tmp/proxima-was-here"));
  const roots: [string, Uint8Array, "open"?][] = [
    ["os.system", run("os", "system")],
    ["posix.system", run("posix", "system")],
    ["builtins.eval", run("builtins", "eval")],
    ["builtins.__import__", run("builtins", "__import__")],
    ["subprocess.Popen", run("subprocess", "Popen")],
    ["torch.load", run("torch", "load")],
    // pickled beside a sound state dict: nothing may come of it
    [
      "os.system beside the weights",
      sequence(stateDict(state), run("os", "system"), op.tuple2),
    ],
    ["no value", sequence(op.pop)],
    ["marks without end", sequence(...Array<string>(50_000).fill(op.mark))],
    [
      "lists in lists without end",
      sequence(
        ...Array<string>(50_000).fill(op.emptyList),
        ...Array<string>(49_999).fill(op.append),
      ),
    ],
    [
      "a list of itself",
      sequence(op.emptyList, bytes(0x71, 0), bytes(0x68, 0), op.append),
    ],
    ["a string of 4 GB", bytes(0x58, 0xff, 0xff, 0xff, 0xff)],
  ];
  return roots.flatMap(([what, root, may]) => [
    {
      name: `pickle: ${what}`,
      files: { "n.pth": torchZip(state, { root }) },
      open: "n.pth",
      ...(may && { may }),
    },
    {
      name: `pickle in a stream: ${what}`,
      files: { "n.pth": torchStream(state, { root }) },
      open: "n.pth",
      ...(may && { may }),
    },
  ]);
}

function safetensors(): HostileFile[] {
  const state = tinyResnet();
  const whole = safetensorsOfState(state);
  const withLength = (length: bigint) => {
    const copy = whole.slice();
    new DataView(copy.buffer).setBigUint64(0, length, true);
    return copy;
  };
  const headed = (header: string, data = 64) => {
    const encoded = utf8(header);
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(encoded.length), true);
    return joined([length, encoded, new Uint8Array(data)]);
  };
  const one = (change: object) =>
    headed(
      JSON.stringify({
        "fc.bias": {
          dtype: "F32",
          shape: [3],
          data_offsets: [0, 12],
          ...change,
        },
      }),
      12,
    );
  const changed = (change: (state: Record<string, State[string]>) => void) => {
    const copy = { ...state };
    change(copy);
    return safetensorsOfState(copy);
  };
  const cases: [string, Uint8Array][] = [
    ["a header of 2^63 bytes", withLength(2n ** 63n)],
    ["a header of 2^64 - 1 bytes", withLength(2n ** 64n - 1n)],
    ["a header of 2^53 + 1 bytes", withLength(2n ** 53n + 1n)],
    ["a header longer than the file", withLength(BigInt(whole.length))],
    ["a header of no bytes", withLength(0n)],
    ["a header that is no JSON", headed("{]")],
    ["a header nested deep", headed("[".repeat(100_000))],
    ["__proto__ as a tensor", headed('{"__proto__":{"dtype":"F32"}}')],
    [
      "a tensor that is there twice",
      headed(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
    ],
    [
      "tensors that share bytes",
      headed(
        '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}',
        12,
      ),
    ],
    ["offsets beyond the file", one({ data_offsets: [0, 2 ** 52] })],
    ["offsets that run backwards", one({ data_offsets: [12, 0] })],
    ["a negative offset", one({ data_offsets: [-12, 0] })],
    ["a shape past all numbers", one({ shape: [2 ** 40, 2 ** 40] })],
    ["a fraction of a shape", one({ shape: [1.5, 2] })],
    ["another type than its bytes", one({ dtype: "F64" })],
    ["a type nobody knows", one({ dtype: "Q7" })],
    [
      "a weight that is no number",
      changed((s) => (s["fc.bias"] = tensorOf([3], [1, NaN, 2]))),
    ],
    [
      "an infinite weight",
      changed(
        (s) =>
          (s["fc.weight"] = tensorOf([3, 2], Array<number>(6).fill(Infinity))),
      ),
    ],
    [
      "a weight of no size",
      changed((s) => (s["fc.weight"] = tensorOf([0, 2], []))),
    ],
    [
      "a kernel of no channels",
      changed((s) => (s["conv1.weight"] = tensorOf([2, 0, 3, 3], []))),
    ],
    [
      "a negative variance",
      changed((s) => (s["bn1.running_var"] = tensorOf([2], [-1, -1]))),
    ],
  ];
  return cases.map(([what, content]) => ({
    name: `safetensors: ${what}`,
    files: { "n.safetensors": content },
    open: "n.safetensors",
  }));
}

function onnx(): HostileFile[] {
  const kernel = {
    name: "kernel",
    dims: [2, 3, 1, 1],
    raw: floatBytes(0.5, -2, 3, 0.25, 1, -1),
  };
  const conv = {
    op: "Conv",
    inputs: ["image", "kernel"],
    outputs: ["map"],
  };
  const pool = { op: "GlobalAveragePool", inputs: ["map"], outputs: ["out"] };
  const graph = {
    nodes: [conv, pool],
    tensors: [kernel],
    inputs: [{ name: "image", dims: ["n", 3, 4, 5] }],
    outputs: ["out"],
  };
  const of = (change: object) => modelBytes({ ...graph, ...change });
  const elsewhere = (location: string) => ({
    ...kernel,
    raw: undefined,
    external: { location, length: "24" },
  });
  const constant = (name: string, values: readonly number[]) => ({
    name,
    dims: [values.length],
    type: 7,
    raw: new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
  });
  const secret = new Uint8Array(24);
  const cases: [string, Uint8Array, Partial<HostileFile>?][] = [
    [
      "weights above its folder",
      of({ tensors: [elsewhere("../secret.bin")] }),
      { files: { "../secret.bin": secret } },
    ],
    [
      "weights at an absolute path",
      of({ tensors: [elsewhere("/etc/passwd")] }),
    ],
    [
      "weights behind a link",
      of({ tensors: [elsewhere("link.bin")] }),
      {
        files: { "../secret.bin": secret },
        links: { "link.bin": "../secret.bin" },
      },
    ],
    [
      "weights behind a linked folder",
      of({ tensors: [elsewhere("up/secret.bin")] }),
      { files: { "../secret.bin": secret }, links: { up: ".." } },
    ],
    [
      "a node that reads its own output",
      of({ nodes: [{ ...conv, inputs: ["out", "kernel"] }, pool] }),
    ],
    [
      "a node that reads what nobody makes",
      of({ nodes: [{ ...conv, inputs: ["nothing", "kernel"] }, pool] }),
    ],
    [
      "a weight of 2^80 values",
      of({ tensors: [{ ...kernel, dims: [2 ** 40, 2 ** 40] }] }),
    ],
    [
      "a weight of no size",
      of({
        tensors: [{ ...kernel, dims: [0, 3, 1, 1], raw: new Uint8Array() }],
      }),
    ],
    [
      "a tensor twice",
      of({
        tensors: [kernel, { ...kernel, raw: floatBytes(0, 0, 0, 0, 0, 0) }],
      }),
    ],
    [
      "a weight that is no number",
      of({ tensors: [{ ...kernel, raw: floatBytes(1, 2, NaN, 4, 5, 6) }] }),
    ],
    [
      "padding without end",
      of({
        nodes: [{ ...conv, attributes: { pads: [1e9, 1e9, 1e9, 1e9] } }, pool],
      }),
    ],
    [
      "a constant of 10^12 values",
      of({
        tensors: [kernel, constant("shape", [1_000_000, 1_000_000])],
        nodes: [
          { op: "ConstantOfShape", inputs: ["shape"], outputs: ["huge"] },
          conv,
          { op: "Add", inputs: ["map", "huge"], outputs: ["sum"] },
          { ...pool, inputs: ["sum"] },
        ],
      }),
    ],
    [
      "an image of 10^18 pixels",
      of({ inputs: [{ name: "image", dims: ["n", 3, 1e9, 1e9] }] }),
    ],
  ];
  return cases.map(([what, content, more]) => ({
    name: `onnx: ${what}`,
    links: more?.links ?? {},
    files: { "n.onnx": content, ...more?.files },
    open: "n.onnx",
  }));
}

/** A TF.js model names its weights' files and sizes itself. */
function layersModels(references: string): HostileFile[] {
  const files = contentsOf(join(references, "tf-graph/vgg-uint8"));
  const model = new TextDecoder().decode(files["model.json"]);
  const file = "group1-shard1of1.bin";
  const weights = files[file] ?? new Uint8Array();
  const { [file]: _, ...without } = files;
  const swapped = (from: string | RegExp, to: string) => {
    const changed = model.replace(from, to);
    if (changed === model) throw new Error(`nothing is called ${String(from)}`);
    return utf8(changed);
  };
  return [
    {
      name: "tfjs: weights above its folder",
      files: {
        ...without,
        "model.json": swapped(file, "../secret.bin"),
        "../secret.bin": weights,
      },
      open: "model.json",
    },
    {
      name: "tfjs: weights behind a link",
      files: { ...without, "../secret.bin": weights },
      links: { [file]: "../secret.bin" },
      open: "model.json",
    },
    {
      name: "tfjs: weights that are missing",
      files: without,
      open: "model.json",
    },
    {
      name: "tfjs: weights from the network",
      files: {
        ...without,
        "model.json": swapped(file, "https://example.org/w"),
      },
      open: "model.json",
    },
    {
      name: "tfjs: a weight past all numbers",
      files: {
        ...files,
        "model.json": swapped(/"shape": \[\d+/, '"shape": [9007199254740991'),
      },
      open: "model.json",
    },
    {
      name: "tfjs: a model that links to a device",
      files: without,
      links: { [file]: "/dev/zero" },
      open: "model.json",
    },
  ];
}

/** Addresses of an HDF5 file, each turned to one place: groups and trees that hold themselves. */
function selfPointing(references: string): HostileFile[] {
  const whole = contentsOf(join(references, "keras/vgg-h5"))["network.h5"];
  if (!whole) return [];
  const view = new DataView(whole.buffer, whole.byteOffset, whole.length);
  return [0x60, 96 + 40, 0x320].map((target) => {
    const copy = whole.slice();
    const changed = new DataView(copy.buffer);
    for (let at = 8; at + 8 <= 8192 && at + 8 <= copy.length; at += 8) {
      const value = view.getBigUint64(at, true);
      if (value >= 96n && value < BigInt(whole.length))
        changed.setBigUint64(at, BigInt(target), true);
    }
    return {
      name: `hdf5: every address is ${target}`,
      files: { "n.h5": copy },
      open: "n.h5",
    };
  });
}

function contentsOf(folder: string): Record<string, Uint8Array> {
  const names = readdirSync(folder).filter(
    (name) => !/(reference\.json|\.npy)$/.test(name),
  );
  return Object.fromEntries(
    names.map((name) => [
      name,
      Uint8Array.from(readFileSync(join(folder, name))),
    ]),
  );
}

function safetensorsOfState(state: State): Uint8Array<ArrayBuffer> {
  return safetensorsOf(headerOf(state), dataOf(state));
}

function tensorOf(shape: readonly number[], values: readonly number[]) {
  return { shape, data: Float32Array.from(values) };
}
