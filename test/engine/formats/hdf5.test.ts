/** HDF5 files, written by libhdf5 itself (as WebAssembly) in every version of the format, read here. */
import h5wasm, { type LIBVER_BOUNDS } from "h5wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { openHdf5, startsLikeHdf5 } from "../../../src/engine/formats/hdf5";
import { inMemory, type Pieces } from "../../../src/engine/formats/zip";
import { randomStream } from "../../../src/engine/random";
import { Fault } from "../../../src/shared/fault";
import { faultOf } from "./memory-files";

type Write = (file: InstanceType<typeof h5wasm.File>) => void;

let written = 0;

/** The bytes of a file that libhdf5 writes. */
function write(libver: LIBVER_BOUNDS, content: Write, ordered = false) {
  const path = `/written-${written++}.h5`;
  const file = new h5wasm.File(path, "w", { libver, track_order: ordered });
  content(file);
  file.close();
  const { FS } = module;
  if (!FS) throw new Error("no file system");
  const bytes = FS.readFile(path);
  FS.unlink(path);
  return bytes;
}

let module: Awaited<typeof h5wasm.ready>;
beforeAll(async () => {
  module = await h5wasm.ready;
});

const versions: readonly [string, LIBVER_BOUNDS, boolean][] = [
  ["of the first format", ["earliest", "v200"], false],
  ["of HDF5 1.8", ["v108", "v200"], false],
  ["of HDF5 1.8, in order", ["v108", "v200"], true],
  ["of HDF5 1.10", ["v110", "v200"], false],
  ["of the latest format", "latest", true],
];

describe.each(versions)("a file %s", (_, libver, ordered) => {
  const make = (content: Write) =>
    openHdf5(inMemory(write(libver, content, ordered), "file"));

  it("gives its groups, texts and values", async () => {
    const values = Float32Array.from([1, -2.5, 3e-20, 4, 5, 6]);
    const root = await make((file) => {
      file.create_attribute("text", "snow man \u2603");
      file.create_attribute("long", "x".repeat(100_000));
      file.create_attribute("names", ["a", "longer", ""]);
      file.create_attribute("fixed", ["ab", "cde"], null, "S5");
      file.create_attribute("number", 5);
      const group = file.create_group("one").create_group("two");
      group.create_attribute("inner", "yes");
      group.create_dataset({ name: "values", data: values, shape: [2, 3] });
      group.create_dataset({ name: "none", data: [], dtype: "<f", shape: [0] });
      file.create_soft_link("/one/two", "soft");
      file.create_hard_link("/one/two", "hard");
      file.create_external_link("/etc/passwd", "/", "outside");
    });
    expect(await root.texts("text")).toEqual(["snow man \u2603"]);
    expect(await root.texts("long")).toEqual(["x".repeat(100_000)]);
    expect(await root.texts("names")).toEqual(["a", "longer", ""]);
    expect(await root.texts("fixed")).toEqual(["ab", "cde"]);
    expect(await root.texts("number")).toBeNull();
    expect(await root.texts("nothing")).toBeNull();
    const group = await root.find("one/two");
    expect(await group?.texts("inner")).toEqual(["yes"]);
    expect(await group?.dataset()).toBeNull();
    const dataset = await (await root.find("/one//two/values"))?.dataset();
    expect(dataset?.shape).toEqual([2, 3]);
    expect(dataset?.bytes).toBe(24);
    expect(await dataset?.read()).toEqual(values);
    const none = await (await root.find("one/two/none"))?.dataset();
    expect(await none?.read()).toEqual(new Float32Array());
    expect(await root.find("one/three")).toBeNull();
    expect(await root.find("one/two/values/deeper")).toBeNull();
    // one object, whatever it is called; what is elsewhere is not there
    expect((await root.find("hard"))?.address).toBe(group?.address);
    expect(await root.find("soft")).toBeNull();
    expect(await root.find("outside")).toBeNull();
    expect([...(await root.names())].sort()).toEqual(["hard", "one"]);
  });

  it("has thousands of members and many attributes", async () => {
    const names = Array.from({ length: 1200 }, (_, i) => `member ${i}`);
    const root = await make((file) => {
      const group = file.create_group("many", ordered);
      names.forEach((name, i) =>
        group.create_dataset({ name, data: Float32Array.of(i) }),
      );
      for (let i = 0; i < 40; i++)
        group.create_attribute(`attribute ${i}`, `value ${i}`);
    });
    const group = await root.find("many");
    expect(await group?.names()).toHaveLength(1200);
    for (const i of [0, 1, 7, 8, 500, 1199]) {
      const dataset = await (await group?.find(`member ${i}`))?.dataset();
      expect(await dataset?.read()).toEqual(Float32Array.of(i));
    }
    for (const i of [0, 8, 39])
      expect(await group?.texts(`attribute ${i}`)).toEqual([`value ${i}`]);
  });

  it("holds numbers of other types", async () => {
    const root = await make((file) => {
      const put = (name: string, data: number[], dtype: string) =>
        file.create_dataset({ name, data, dtype });
      put("double", [1.5, -2], "<d");
      put("bytes", [3, 255], "<B");
      put("short", [-3, 7], "<h");
      file.create_dataset({
        name: "long",
        data: BigInt64Array.of(-5n, 1n << 40n),
      });
    });
    const read = async (name: string) => [
      ...((await (await (await root.find(name))?.dataset())?.read()) ?? []),
    ];
    expect(await read("double")).toEqual([1.5, -2]);
    expect(await read("bytes")).toEqual([3, 255]);
    expect(await read("short")).toEqual([-3, 7]);
    expect(await read("long")).toEqual([-5, 2 ** 40]);
  });

  it("with values in pieces is refused", async () => {
    const root = await make((file) => {
      file.create_dataset({
        name: "pieces",
        data: new Float32Array(64),
        shape: [8, 8],
        chunks: [4, 4],
        compression: "gzip",
      });
    });
    const found = await root.find("pieces");
    const fault = await faultOf(found?.dataset() ?? Promise.resolve());
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toMatch(/compressed/);
  });

  it("that is damaged is refused, and what it promises is not allocated", async () => {
    const sound = write(
      libver,
      (file) => {
        const group = file.create_group("layers", ordered);
        for (let i = 0; i < 20; i++) {
          const layer = group.create_group(`layer ${i}`);
          layer.create_attribute("names", ["kernel", "bias"]);
          layer.create_dataset({ name: "kernel", data: new Float32Array(40) });
        }
      },
      ordered,
    );
    const random = randomStream(11, written);
    const pick = (below: number) => Math.floor(below * random.uniform());
    let refused = 0;
    for (let round = 0; round < 250; round++) {
      const bytes = sound.slice(0, round % 5 ? undefined : pick(sound.length));
      for (let i = pick(8); i >= 0; i--)
        bytes[pick(bytes.length)] = random.uniform() < 0.4 ? 255 : pick(256);
      const code = await walk(inMemory(bytes, "file"));
      if (code !== null) refused++;
      expect([null, "damaged-file", "unsupported-network"]).toContain(code);
    }
    expect(refused).toBeGreaterThan(25);
  });
});

/** Reads all there is; the code of what it ends with, null where it does not. */
async function walk(file: Pieces): Promise<string | null> {
  try {
    const root = await openHdf5(file);
    const layers = await root.find("layers");
    for (const name of (await layers?.names()) ?? []) {
      const layer = await layers?.find(name);
      await layer?.texts("names");
      const dataset = await (await layer?.find("kernel"))?.dataset();
      const values = await dataset?.read();
      expect(4 * (values?.length ?? 0)).toBeLessThanOrEqual(4 * file.size);
    }
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

it("may stand behind something else", async () => {
  const bytes = write("v108", (file) => {
    file.create_dataset({ name: "a", data: Float32Array.of(7) });
  });
  const behind = new Uint8Array(1024 + bytes.length);
  behind.set(bytes, 1024);
  const root = await openHdf5(inMemory(behind, "file"));
  const dataset = await (await root.find("a"))?.dataset();
  expect(await dataset?.read()).toEqual(Float32Array.of(7));
  expect(startsLikeHdf5(bytes)).toBe(true);
  expect(startsLikeHdf5(behind)).toBe(false);
});

it.each([
  ["nothing", new Uint8Array()],
  ["text", new TextEncoder().encode("not a file of this kind ".repeat(100))],
  ["its first bytes alone", Uint8Array.of(0x89, 72, 68, 70, 13, 10, 26, 10)],
])("refuses %s", async (_, bytes) => {
  const fault = await faultOf(openHdf5(inMemory(bytes, "file")));
  expect(fault.code).toBe("damaged-file");
});
