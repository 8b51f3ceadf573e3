/** safetensors: what its header may say, and that every other one is refused. */
import { beforeAll, describe, expect, it } from "vitest";
import { openNetwork, type Network } from "../../../src/engine";
import { openBackend } from "../../../src/main/host/backend";
import type { FaultCode } from "../../../src/shared/fault";
import { faultOf, memoryFiles, readOptions } from "./memory-files";
import {
  dataOf,
  headerOf,
  long,
  safetensorsOf,
  tinyResnet,
  torchZip,
} from "./torch-files";
import { join, utf8 } from "./zip-bytes";

const state = tinyResnet();
const data = dataOf(state);
const name = "net.safetensors";

beforeAll(async () => {
  await openBackend();
});

async function open(bytes: Uint8Array, title = name): Promise<Network> {
  const files = memoryFiles({ [title]: bytes }, title, title);
  return (await openNetwork(files, readOptions)).network;
}

function valuesOf({ nodes }: Network): number[] {
  return nodes.flatMap((node) =>
    Object.values(node.weights).flatMap((weight) => [...weight.data]),
  );
}

/** The header with one entry changed. */
function withEntry(key: string, change: unknown): Record<string, unknown> {
  const header = headerOf(state);
  const old = header[key];
  const merged =
    typeof old === "object" && typeof change === "object"
      ? { ...old, ...change }
      : change;
  return { ...header, [key]: merged };
}

describe("a safetensors file", () => {
  it("gives the same network as PyTorch's own", async () => {
    const network = await open(safetensorsOf(headerOf(state), data));
    expect(valuesOf(network)).toEqual(
      valuesOf(await open(torchZip(state), "a.pth")),
    );
    expect(network.provenance.format).toBe("safetensors");
  });

  it("is known by its first bytes too, and keeps what is noted in it", async () => {
    const header = {
      __metadata__: { format: "pt", note: "mine", odd: 3 },
      ...headerOf(state),
    };
    const network = await open(safetensorsOf(header, data), "weights");
    expect(network.provenance.producer).toContain("format pt, note mine");
    expect(network.provenance.producer).not.toContain("odd");
  });

  it("may pad its header and list tensors in any order", async () => {
    const entries = Object.entries(headerOf(state)).reverse();
    const padded = `${JSON.stringify(Object.fromEntries(entries))}      `;
    const network = await open(safetensorsOf(utf8(padded), data));
    const sorted = (values: number[]) => values.sort((a, b) => a - b);
    expect(sorted(valuesOf(network))).toEqual(
      sorted(valuesOf(await open(safetensorsOf(headerOf(state), data)))),
    );
  });

  it("may hold an empty tensor that nothing needs", async () => {
    const end = data.length;
    const counter = { dtype: "I64", shape: [0], data_offsets: [end, end] };
    const header = { ...headerOf(state), "bn1.num_batches_tracked": counter };
    await open(safetensorsOf(header, data));
  });
});

describe("a header is refused", () => {
  const first = "conv1.weight";
  it.each<[string, Uint8Array, string, FaultCode?]>([
    ["of a file of nothing", new Uint8Array(), "does not begin"],
    ["of a file of eight bytes", long(2), "does not begin"],
    ["longer than the file", join([long(1000), utf8("{}")]), "does not begin"],
    ["of a negative length", join([long(-1), utf8("{}")]), "does not begin"],
    ["beyond all bounds", join([long(2 ** 52), utf8("{}")]), "does not begin"],
    ["that is no JSON", safetensorsOf(utf8("{nope}")), "not readable as JSON"],
    [
      "that is no text",
      safetensorsOf(Uint8Array.of(0x7b, 0xff, 0xfe)),
      "not readable",
    ],
    ["without end", safetensorsOf(utf8("{".repeat(100_000))), "not readable"],
    ["that is a list", safetensorsOf(utf8("[1,2]  ")), "no object"],
    [
      "with an entry that is a number",
      safetensorsOf(withEntry(first, 3), data),
      '"conv1.weight" cannot be read',
    ],
    [
      "with an entry without a type",
      safetensorsOf(withEntry(first, { dtype: 1 }), data),
      "cannot be read",
    ],
    [
      "with an entry without a shape",
      safetensorsOf(withEntry(first, { shape: "x" }), data),
      "cannot be read",
    ],
    [
      "with a negative dimension",
      safetensorsOf(withEntry(first, { shape: [-2, 3, 3, -3] }), data),
      "cannot be read",
    ],
    [
      "with a dimension that is no whole number",
      safetensorsOf(withEntry(first, { shape: [1.5, 36] }), data),
      "cannot be read",
    ],
    [
      "with nine dimensions",
      safetensorsOf(
        withEntry(first, { shape: [54, 1, 1, 1, 1, 1, 1, 1, 1] }),
        data,
      ),
      "cannot be read",
    ],
    [
      "with one offset",
      safetensorsOf(withEntry(first, { data_offsets: [0] }), data),
      "cannot be read",
    ],
    [
      "with three offsets",
      safetensorsOf(withEntry(first, { data_offsets: [0, 216, 1] }), data),
      "cannot be read",
    ],
    [
      "with a negative offset",
      safetensorsOf(withEntry(first, { data_offsets: [-216, 0] }), data),
      "cannot be read",
    ],
    [
      "whose shape is another size",
      safetensorsOf(withEntry(first, { shape: [2, 3, 3, 4] }), data),
      "216 bytes",
    ],
    [
      "whose shape is beyond exact numbers",
      safetensorsOf(withEntry(first, { shape: [2 ** 40, 2 ** 40] }), data),
      "216 bytes",
    ],
    [
      "whose end is before its start",
      safetensorsOf(withEntry(first, { data_offsets: [216, 0] }), data),
      "-216 bytes",
    ],
    [
      "with an overlap",
      safetensorsOf(withEntry("fc.weight", { data_offsets: [0, 24] }), data),
      "begins at byte",
    ],
    [
      "with a hole",
      safetensorsOf(withEntry(first, { data_offsets: [4, 220] }), data),
      "begins at byte",
    ],
    [
      "with too few bytes after it",
      safetensorsOf(headerOf(state), data.slice(0, -1)),
      "its header speaks of",
    ],
    [
      "with too many bytes after it",
      safetensorsOf(headerOf(state), join([data, utf8("x")])),
      "its header speaks of",
    ],
    [
      "with numbers of eight bits",
      safetensorsOf(withEntry(first, { dtype: "F8_E4M3" }), data),
      "F8_E4M3",
      "unsupported-network",
    ],
    [
      "without tensors",
      safetensorsOf({}),
      "holds no weights",
      "unsupported-network",
    ],
    [
      "with its own prototype",
      safetensorsOf(utf8('{"__proto__":{"dtype":"F32"}}')),
      '"__proto__" cannot be read',
    ],
  ])("%s", async (_, bytes, words, code = "damaged-file") => {
    const files = memoryFiles({ [name]: bytes }, name, name);
    const fault = await faultOf(openNetwork(files, readOptions));
    expect(fault.message).toContain(words);
    expect(fault.code).toBe(code);
  });
});
