import protobuf from "protobufjs/minimal.js";
import { describe, expect, it } from "vitest";
import {
  decode,
  map,
  message,
  one,
  optional,
  recursiveMessage,
  repeated,
  type Message,
} from "../../../src/engine/formats/protobuf";
import { decodeFile } from "../../../src/engine/formats/protobuf-file";
import { Fault } from "../../../src/shared/fault";
import { faultOf, memoryFiles } from "./memory-files";

interface Tree {
  readonly name: string;
  readonly weight: Uint8Array | { offset: number; length: number };
  readonly children: readonly Tree[];
  readonly byName: ReadonlyMap<string, Tree>;
}

const tree: Message<Tree> = recursiveMessage("Tree", () => ({
  name: one(1, "string"),
  weight: one(2, "span"),
  children: repeated(3, tree),
  byName: map(4, tree),
}));

const numbers = message("Numbers", {
  int64: one(1, "int64"),
  far: one(2, "saturating-int64"),
  ints: repeated(3, "int64"),
  floats: repeated(4, "float"),
  double: one(5, "double"),
  flag: one(6, "bool"),
  choice: optional(7, "int32"),
  sint: one(8, "sint32"),
  fixed: one(9, "sfixed64"),
  bytes: one(10, "bytes"),
  inner: one(11, message("Inner", { a: one(1, "int32"), b: one(2, "int32") })),
});

function write(fill: (w: protobuf.Writer) => unknown): Uint8Array {
  const writer = protobuf.Writer.create();
  fill(writer);
  // a Buffer otherwise
  return new Uint8Array(writer.finish());
}

describe("decode", () => {
  it("reads every kind of field, packed and one by one, and skips what it does not know", () => {
    const bytes = write((w) =>
      w
        .uint32((1 << 3) | 0)
        .int64(-5)
        .uint32((200 << 3) | 2)
        .string("unknown")
        .uint32((3 << 3) | 0)
        .int64(7)
        .uint32((3 << 3) | 2)
        .fork()
        .int64(-1)
        .int64(2 ** 40)
        .ldelim()
        .uint32((4 << 3) | 5)
        .float(0.5)
        .uint32((4 << 3) | 2)
        .fork()
        .float(-2)
        .float(3)
        .ldelim()
        .uint32((5 << 3) | 1)
        .double(0.1)
        .uint32((6 << 3) | 0)
        .bool(true)
        .uint32((8 << 3) | 0)
        .sint32(-300)
        .uint32((9 << 3) | 1)
        .sfixed64(-123456789012)
        .uint32((10 << 3) | 2)
        .bytes(Uint8Array.of(1, 2, 3)),
    );
    const read = decode(numbers, bytes, "file");
    expect(read).toEqual({
      int64: -5,
      far: 0,
      ints: [7, -1, 2 ** 40],
      floats: [0.5, -2, 3],
      double: 0.1,
      flag: true,
      choice: null,
      sint: -300,
      fixed: -123456789012,
      bytes: Uint8Array.of(1, 2, 3),
      inner: null,
    });
    expect(read.bytes.buffer).toBe(bytes.buffer);
  });

  it("merges a message that stands there twice", () => {
    const bytes = Uint8Array.of(0x5a, 2, 8, 1, 0x5a, 2, 16, 9);
    expect(decode(numbers, bytes, "file").inner).toEqual({ a: 1, b: 9 });
  });

  it("goes as far as safe integers go, or says that they end", () => {
    const largest = [255, 255, 255, 255, 255, 255, 255, 255, 127];
    const far = Uint8Array.of(16, ...largest);
    expect(decode(numbers, far, "file").far).toBe(Number.MAX_SAFE_INTEGER);
    const least = Uint8Array.of(
      16,
      128,
      128,
      128,
      128,
      128,
      128,
      128,
      128,
      128,
      1,
    );
    expect(decode(numbers, least, "file").far).toBe(Number.MIN_SAFE_INTEGER);
    const unsafe = () => decode(numbers, Uint8Array.of(8, ...largest), "x.pb");
    expect(unsafe).toThrow(
      '"x.pb" is not readable: it holds the number 9223372036854775807.',
    );
  });

  it.each([
    ["a length past the end", [0x52, 5, 1]],
    ["a length of 4 GB", [0x52, 255, 255, 255, 255, 7]],
    ["a wrong wire type", [0x0a, 1, 0]],
    ["a number without an end", [8, 255, 255, 255]],
    ["a number of more than 64 bits", [8, ...new Array<number>(12).fill(255)]],
    ["the field 0", [0, 1]],
    ["a group that does not end", [0x0b, 0x0b, 0x0b]],
    ["a message past its parent's end", [0x5a, 3, 8, 255]],
    ["half a float", [0x25, 1, 2]],
    ["a packed list that ends inside a number", [0x1a, 1, 255, 8, 1]],
  ])("refuses %s", (_, bytes) => {
    const read = () => decode(numbers, Uint8Array.from(bytes), "x.pb");
    expect(read).toThrow(Fault);
    expect(read).toThrow(/"x.pb" is not readable/);
  });

  it("refuses messages nested without end, and more messages than any file needs", () => {
    let nested: Uint8Array = Uint8Array.of(10, 1, 65);
    for (let i = 0; i < 100; i++)
      nested = write((w) => w.uint32((3 << 3) | 2).bytes(nested));
    expect(() => decode(tree, nested, "x.pb")).toThrow(/nested more than 64/);
    const many = new Uint8Array(2 * 2 ** 20 + 2);
    for (let i = 0; i < many.length; i += 2) many[i] = (3 << 3) | 2;
    expect(() => decode(tree, many, "x.pb")).toThrow(/more than 1048576 mess/);
  });

  it("never throws anything but a Fault, whatever is changed", () => {
    const bytes = sample(() => Uint8Array.of(1, 2, 3));
    let refused = 0;
    for (let at = 0; at < bytes.length; at++)
      for (const value of [0, 1, 127, 128, 255, (bytes[at] ?? 0) ^ 4]) {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        try {
          decode(tree, changed, "x.pb");
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          refused++;
        }
      }
    expect(refused).toBeGreaterThan(bytes.length / 2);
  });
});

/** A tree with children and a map, each with a weight. */
function sample(weight: (name: string) => Uint8Array): Uint8Array {
  const leaf = (name: string) =>
    write((w) => w.uint32(10).string(name).uint32(18).bytes(weight(name)));
  const inner = write((w) =>
    w
      .uint32(26)
      .bytes(leaf("a"))
      .uint32(34)
      .fork()
      .uint32(10)
      .string("key")
      .uint32(18)
      .bytes(leaf("b"))
      .ldelim()
      .uint32(10)
      .string("inner"),
  );
  return write((w) =>
    w
      .uint32(26)
      .bytes(inner)
      .uint32(26)
      .bytes(leaf("c"))
      .uint32(18)
      .bytes(weight("root"))
      .uint32(10)
      .string("root"),
  );
}

describe("decodeFile", () => {
  /** Long for some names, short for others; the first byte tells them apart. */
  const weight = (name: string) =>
    new Uint8Array({ a: 200_000, b: 5000, c: 3, root: 70_000 }[name] ?? 0).fill(
      name.charCodeAt(0),
    );

  it("locates the long spans and reads everything else as decode does", async () => {
    const bytes = sample(weight);
    const file = await memoryFiles({ "x.pb": bytes }).open("x.pb");
    let most = 0;
    const watched = {
      ...file,
      read(offset: number, length: number) {
        most = Math.max(most, length);
        return file.read(offset, length);
      },
    };
    const read = await decodeFile(tree, watched, "x.pb");
    expect(most).toBeLessThanOrEqual(65536);
    const [inner, c] = read.children;
    const places = [inner?.children[0], inner?.byName.get("key"), read];
    for (const [i, name] of ["a", "b", "root"].entries()) {
      const span = places[i]?.weight;
      if (!span || span instanceof Uint8Array) throw new Error("not located");
      const found = bytes.subarray(span.offset, span.offset + span.length);
      expect(found).toEqual(weight(name));
    }
    expect(c?.weight).toEqual(weight("c"));
    const whole = decode(tree, bytes, "x.pb");
    const names = (t: Tree): unknown => [
      t.name,
      t.children.map(names),
      [...t.byName].map(([key, value]) => [key, names(value)]),
    ];
    expect(names(read)).toEqual(names(whole));
    expect(names(read)).toEqual([
      "root",
      [
        ["inner", [["a", [], []]], [["key", ["b", [], []]]]],
        ["c", [], []],
      ],
      [],
    ]);
  });

  it.each([0.1, 0.5, 0.9, 0.9999])(
    "refuses a file that ends after %f of its bytes",
    async (part) => {
      const bytes = sample(weight);
      const cut = bytes.slice(0, Math.floor(bytes.length * part));
      const file = await memoryFiles({ "x.pb": cut }).open("x.pb");
      const fault = await faultOf(decodeFile(tree, file, "x.pb"));
      expect(fault.code).toBe("damaged-file");
    },
  );

  it("does not follow long messages deeper than it should", async () => {
    let nested: Uint8Array = write((w) => w.uint32(18).bytes(weight("b")));
    for (let i = 0; i < 40; i++)
      nested = write((w) => w.uint32(26).bytes(nested));
    const file = await memoryFiles({ "x.pb": nested }).open("x.pb");
    let at: Tree | undefined = await decodeFile(tree, file, "x.pb");
    for (let i = 0; i < 40; i++) at = at?.children[0];
    expect(at?.weight).toEqual(weight("b"));
  });
});
