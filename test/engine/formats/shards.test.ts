/** Weights in several files, and which file of a folder is opened. */
import { beforeAll, describe, expect, it } from "vitest";
import { openNetwork, type Network } from "../../../src/engine";
import { openBackend } from "../../../src/main/host/backend";
import {
  faultOf,
  memoryFiles,
  readOptions,
  type Contents,
} from "./memory-files";
import {
  dataOf,
  headerOf,
  safetensorsOf,
  tinyResnet,
  torchZip,
  type State,
} from "./torch-files";
import { utf8 } from "./zip-bytes";

const state = tinyResnet();
const keys = Object.keys(state);

beforeAll(async () => {
  await openBackend();
});

async function open(
  contents: Contents,
  chosen: string | null = null,
): Promise<Network> {
  const files = memoryFiles(contents, "hub", chosen);
  return (await openNetwork(files, readOptions)).network;
}

function valuesOf({ nodes }: Network): number[] {
  return nodes.flatMap((node) =>
    Object.values(node.weights).flatMap((weight) => [...weight.data]),
  );
}

const safetensors = (part: State) =>
  safetensorsOf(headerOf(part), dataOf(part));

/** The network in as many shards as there are, tensors dealt in turn, and their index. */
function sharded(
  stem: string,
  extension: string,
  write: (part: State) => Uint8Array,
  count = 3,
): Record<string, unknown> {
  const weightMap: Record<string, string> = {};
  const shards = Array.from({ length: count }, (_, i) => {
    const number = (n: number) => String(n).padStart(5, "0");
    const name = `${stem}-${number(i + 1)}-of-${number(count)}.${extension}`;
    const own = Object.entries(state).filter((_, j) => j % count === i);
    for (const [key] of own) weightMap[key] = name;
    return [name, write(Object.fromEntries(own))] as const;
  });
  return {
    ...Object.fromEntries(shards),
    [`${stem}.${extension}.index.json`]: {
      metadata: { total_size: 1 },
      weight_map: weightMap,
    },
  };
}

const sets: readonly [string, string, string, (part: State) => Uint8Array][] = [
  ["safetensors", "model", "safetensors", safetensors],
  ["PyTorch's", "pytorch_model", "bin", torchZip],
];

describe.each(sets)("shards of %s", (_, stem, extension, write) => {
  const folder = sharded(stem, extension, write);
  const index = `${stem}.${extension}.index.json`;
  const second = `${stem}-00002-of-00003.${extension}`;
  const { [index]: _index, ...withoutIndex } = folder;

  it.each<[string, Contents, string | null]>([
    ["a folder", folder, null],
    ["the index", folder, index],
    ["one shard", folder, second],
    ["a folder without an index", withoutIndex, null],
    ["one shard without an index", withoutIndex, second],
  ])("are one network, opened by %s", async (_, contents, chosen) => {
    const whole = await open({ x: safetensors(state) }, "x");
    const values = valuesOf(await open(contents, chosen));
    expect(values.length).toBeGreaterThan(130);
    expect(values.sort((a, b) => a - b)).toEqual(
      valuesOf(whole).sort((a, b) => a - b),
    );
  });

  it("are refused where one is missing", async () => {
    const { [second]: _, ...rest } = folder;
    const fault = await faultOf(open(rest));
    expect(fault.code).toBe("damaged-file");
    expect(fault.message).toContain(`"${second}" is missing`);
  });

  it.each<[string, unknown, string]>([
    ["no map", { metadata: {} }, "no index of weights"],
    ["no names", { weight_map: {} }, "names no files"],
    ["a path", { weight_map: { a: "../x.safetensors" } }, "no file beside it"],
    ["a folder", { weight_map: { a: "y/x.bin" } }, "no file beside it"],
    ["a number", { weight_map: { a: 3 } }, "no file beside it"],
    ["a file that is not there", { weight_map: { a: "x.bin" } }, "is missing"],
    ["a key that is not there", { weight_map: { nope: second } }, '"nope"'],
  ])("are refused where the index has %s", async (_, content, words) => {
    const fault = await faultOf(open({ ...folder, [index]: content }, index));
    expect(fault.code).toBe("damaged-file");
    expect(fault.message).toContain(words);
  });

  it("are refused where a tensor is there twice", async () => {
    const twice = write({
      [keys[0] ?? ""]: Object.values(state)[0] ?? state["fc.bias"]!,
    });
    const first = `${stem}-00001-of-00003.${extension}`;
    expect(Object.keys(folder)).toContain(first);
    const fault = await faultOf(open({ ...folder, [second]: twice }));
    expect(fault.message).toContain("another file holds too");
  });
});

describe("a folder of Hugging Face's hub", () => {
  it("is opened by the file that is read best, and says which", async () => {
    const network = await open({
      "README.md": "x",
      "config.json": { model_type: "resnet" },
      "flax_model.msgpack": utf8("x"),
      "tf_model.h5": utf8("\x89HDF"),
      "pytorch_model.bin": torchZip(state),
      "model.safetensors": safetensors(state),
      "onnx/model.onnx": utf8("x"),
    });
    expect(network.provenance.format).toBe("safetensors");
    expect(network.provenance.warnings).toContain(
      'The folder holds several files of weights: "model.safetensors" was opened, not "flax_model.msgpack", "tf_model.h5", "pytorch_model.bin" and others.',
    );
  });

  it("may hold PyTorch's weights alone", async () => {
    const network = await open({
      "config.json": { model_type: "resnet" },
      "pytorch_model.bin": torchZip(state),
      "tf_model.h5": utf8("x"),
    });
    expect(network.provenance.format).toContain("PyTorch");
  });
});

describe("a name that says nothing", () => {
  const names = [
    "model_best.pth.tar",
    "weights.tar",
    "net.pkl",
    "best",
    "x.weights",
    "model.bak",
  ];
  it.each(names)(
    "%s opens by its content, chosen or alone in a folder",
    async (name) => {
      const expected = valuesOf(await open({ x: torchZip(state) }, "x"));
      for (const chosen of [null, name])
        expect(
          valuesOf(
            await open({ [name]: torchZip(state), "notes.txt": "x" }, chosen),
          ),
        ).toEqual(expected);
    },
  );

  it.each(["net.txt", "net.png", "net.pb.old"])(
    "%s opens where it was chosen",
    async (name) => {
      const network = await open({ [name]: safetensors(state) }, name);
      expect(network.provenance.format).toBe("safetensors");
    },
  );
});
