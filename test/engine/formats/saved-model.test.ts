/** SavedModels and frozen graphs whose files contradict themselves, or are not what they are called. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openNetwork } from "../../../src/engine";
import { readTable } from "../../../src/engine/formats/saved-model/sstable";
import { faultOf, memoryFiles, readOptions } from "./memory-files";

const references = join(import.meta.dirname, "../../references");
const folder = join(references, "tf-saved-model/nested/network");
const index = "variables/variables.index";
const values = "variables/variables.data-00000-of-00001";
const model = Object.fromEntries(
  ["saved_model.pb", index, values].map((name) => [
    name,
    new Uint8Array(readFileSync(join(folder, name))),
  ]),
);
const frozen = new Uint8Array(
  readFileSync(join(references, "tf-frozen/vgg/frozen.pb")),
);

function bytesOf(name: string): Uint8Array {
  const bytes = model[name];
  if (!bytes) throw new Error(name);
  return bytes.slice();
}

const open = (changed: Record<string, Uint8Array> = {}) =>
  openNetwork(memoryFiles({ ...model, ...changed }), readOptions);
const openFrozen = (bytes: Uint8Array, name = "net.pb") =>
  openNetwork(memoryFiles({ [name]: bytes }, name, name), readOptions);

describe("a checkpoint's index", () => {
  it("gives every key with its value", () => {
    const table = readTable(bytesOf(index), index);
    expect([...table.keys()].sort()).toEqual([...table.keys()]);
    expect([...table.keys()].filter((key) => /VARIABLE/.test(key))).toEqual([
      "bias/all/.ATTRIBUTES/VARIABLE_VALUE",
      "weights/0/.ATTRIBUTES/VARIABLE_VALUE",
      "weights/1/.ATTRIBUTES/VARIABLE_VALUE",
      "weights/2/.ATTRIBUTES/VARIABLE_VALUE",
    ]);
  });

  it.each([
    ["is empty", () => new Uint8Array(0), "does not end as"],
    ["is cut short", () => bytesOf(index).slice(0, -1), "does not end as"],
    [
      "names a block outside of it",
      () => {
        const bytes = bytesOf(index);
        // two handles, each an offset and a size: the second lies at 65535
        bytes.set([0, 0, 0xff, 0xff, 3, 10], bytes.length - 48);
        return bytes;
      },
      "outside the file",
    ],
    [
      "has a number without end",
      () => {
        const bytes = bytesOf(index);
        bytes.fill(0xff, bytes.length - 48, bytes.length - 8);
        return bytes;
      },
      "a number goes past its end",
    ],
  ])("that %s is refused", async (_, change, message) => {
    const fault = await faultOf(open({ [index]: change() }));
    expect([fault.code, fault.message]).toEqual([
      "damaged-file",
      expect.stringContaining(message),
    ]);
  });
});

describe("a SavedModel", () => {
  it("opens from its folder, from a folder around it, and by its file", async () => {
    const inside = Object.fromEntries(
      Object.entries(model).map(([name, bytes]) => [`net/1/${name}`, bytes]),
    );
    const ways = [
      memoryFiles(model),
      memoryFiles(inside),
      memoryFiles(model, "saved_model.pb", "saved_model.pb"),
    ];
    for (const files of ways) {
      const { network } = await openNetwork(files, readOptions);
      expect(network.shapes.get(network.output)).toEqual([7]);
      expect(network.input).toEqual([224, 224, 3]);
    }
  });

  it.each([
    [
      "whose variables are missing",
      { [index]: undefined },
      `The file "${index}" is missing.`,
    ],
    [
      "whose values are cut short",
      { [values]: bytesOf(values).slice(0, 100) },
      "in a file of 100",
    ],
    [
      "whose graph is cut short",
      { "saved_model.pb": bytesOf("saved_model.pb").slice(0, 3000) },
      '"saved_model.pb" is not readable',
    ],
    [
      "without a graph",
      { "saved_model.pb": Uint8Array.of(8, 1) },
      "holds no graph",
    ],
  ])("%s is refused", async (_, changed, message) => {
    const contents = { ...model, ...changed };
    const there = Object.entries(contents).filter(([, bytes]) => bytes);
    const files = memoryFiles(Object.fromEntries(there));
    const fault = await faultOf(openNetwork(files, readOptions));
    expect([fault.code, fault.message]).toEqual([
      "damaged-file",
      expect.stringContaining(message),
    ]);
  });

  it("with a weight that is not finite is refused with its name", async () => {
    const bytes = bytesOf(values);
    new DataView(bytes.buffer).setFloat32(8, NaN, true);
    const fault = await faultOf(open({ [values]: bytes }));
    expect(fault.code).toBe("damaged-file");
    expect(fault.message).toMatch(/^The tensor ".+" of shape .+ holds NaN/);
  });
});

describe("a frozen graph", () => {
  it.each([
    ["cut short", frozen.slice(0, 5000), "damaged-file", "is not readable"],
    ["empty", new Uint8Array(0), "damaged-file", "holds no nodes"],
    [
      "of text",
      new TextEncoder().encode("node { name: 'x' }"),
      "damaged-file",
      "holds no nodes",
    ],
    [
      "that is a SavedModel's",
      bytesOf("saved_model.pb"),
      "unsupported-network",
      "it starts like a SavedModel or an ONNX file",
    ],
  ])("%s is refused", async (_, bytes, code, message) => {
    const fault = await faultOf(openFrozen(bytes));
    expect([fault.code, fault.message]).toEqual([
      code,
      expect.stringContaining(message),
    ]);
  });

  it("opens alone in its folder, whatever it is called", async () => {
    const files = memoryFiles({ "labels.txt": "a", "odd.PB": frozen });
    const { network } = await openNetwork(files, readOptions);
    expect(network.provenance.format).toBe("TensorFlow frozen graph");
  });

  it("takes another size only where its layers allow it", async () => {
    const files = memoryFiles({ "net.pb": frozen }, "net.pb", "net.pb");
    const fault = await faultOf(
      openNetwork(files, { ...readOptions, size: [64, 64] }),
    );
    expect(fault.code).toBe("invalid-request");
    expect(fault.message).toMatch(
      /^The network cannot take an input of 64 x 64 pixels\. Node ".+"/,
    );
    expect(fault.remedy).toBe("It was made for 32 x 32.");
  });
});
