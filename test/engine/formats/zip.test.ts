/** Zip archives: what sound ones hold, and that every other one is refused with a reason. */
import { deflateRawSync } from "node:zlib";
import { Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { describe, expect, it } from "vitest";
import {
  inMemory,
  openZip,
  startsLikeZip,
  type ZipLimits,
} from "../../../src/engine/formats/zip";
import { faultOf } from "./memory-files";
import { crc32, join, utf8, zipOf, type Member } from "./zip-bytes";

const numbers = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const text = utf8("to be or not to be ".repeat(50));

function deflated(name: string, data: Uint8Array): Member {
  const size = data.length;
  const crc = crc32(data);
  return { name, data: deflateRawSync(data), method: 8, size, crc };
}

function open(bytes: Uint8Array, limits: Partial<ZipLimits> = {}) {
  return openZip(inMemory(bytes, "a.zip"), "a.zip", limits);
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  const fault = await faultOf(work);
  expect(fault.code).toBe("damaged-file");
  return fault.message;
}

describe("a sound archive", () => {
  it("lists its files, not its folders, and reads each", async () => {
    const zip = await open(
      zipOf([
        { name: "net/", data: new Uint8Array() },
        { name: "net/data/0", data: numbers, gap: 37 },
        deflated("net/words", text),
        { name: "empty", data: new Uint8Array() },
      ]),
    );
    expect([...zip.entries.values()]).toEqual([
      { name: "net/data/0", size: 1000, stored: true },
      { name: "net/words", size: text.length, stored: false },
      { name: "empty", size: 0, stored: true },
    ]);
    expect(await zip.read("net/data/0")).toEqual(numbers);
    expect(await zip.read("net/words")).toEqual(Uint8Array.from(text));
    expect(await zip.read("empty")).toEqual(new Uint8Array());
  });

  it("reads parts of a stored entry where they lie, and of a compressed one", async () => {
    const bytes = zipOf([
      { name: "first", data: text },
      { name: "data", data: numbers, gap: 21 },
      deflated("packed", numbers),
    ]);
    const reads: number[] = [];
    const file = inMemory(bytes, "a.zip");
    const zip = await openZip(
      {
        size: file.size,
        read(offset, length) {
          reads.push(length);
          return file.read(offset, length);
        },
      },
      "a.zip",
    );
    const data = await zip.open("data");
    expect(data.size).toBe(1000);
    reads.length = 0;
    expect(await data.read(700, 40)).toEqual(numbers.slice(700, 740));
    expect(reads).toEqual([40]);
    const packed = await zip.open("packed");
    expect(await packed.read(3, 20)).toEqual(numbers.slice(3, 23));
    for (const part of [data, packed])
      expect(await reasonOf(part.read(990, 11))).toContain("ends after 1000");
  });

  it("may be written with zip64 fields", async () => {
    const writer = new ZipWriter(new Uint8ArrayWriter(), {
      zip64: true,
      useWebWorkers: false,
    });
    await writer.add("x/data.pkl", new Blob([numbers]).stream());
    await writer.add("x/version", new Blob([Uint8Array.of(51)]).stream(), {
      level: 0,
    });
    const zip = await open(await writer.close());
    expect(await zip.read("x/data.pkl")).toEqual(numbers);
    const version = await zip.open("x/version");
    expect(await version.read(0, 1)).toEqual(Uint8Array.of(51));
  });

  it.each([20, 21, 22, 100])(
    "may have zip64 records it does not need: a name of %i characters",
    async (length) => {
      const folder = "n".repeat(length);
      const members = ["data.pkl", "byteorder", "data/0", "version"].map(
        (name, i): Member => ({
          name: `${folder}/${name}`,
          data: numbers.slice(i, 100 * (i + 1)),
          gap: 40,
        }),
      );
      const zip = await open(zipOf(members, { zip64: true }));
      expect([...zip.entries.keys()]).toEqual(members.map(({ name }) => name));
      for (const { name, data } of members)
        expect(await zip.read(name)).toEqual(data);
    },
  );

  it("is told by its first bytes", () => {
    expect(startsLikeZip(zipOf([{ name: "a", data: text }]))).toBe(true);
    expect(startsLikeZip(utf8("PK"))).toBe(false);
    expect(startsLikeZip(numbers)).toBe(false);
  });
});

describe("an entry", () => {
  it("that is not there, or too long for its reader, is refused", async () => {
    const zip = await open(zipOf([{ name: "a", data: numbers }]));
    expect(await reasonOf(zip.read("b"))).toContain('holds no "b"');
    expect(await reasonOf(zip.open("b"))).toContain('holds no "b"');
    expect(await reasonOf(zip.read("a", 999))).toContain("at most 999");
    expect(await reasonOf(zip.read("__proto__"))).toContain("__proto__");
  });

  it("with a flipped byte is refused when it is read whole", async () => {
    for (const entry of [{ name: "a", data: text }, deflated("a", text)]) {
      const bytes = zipOf([entry]);
      bytes[31 + 9] = (bytes[31 + 9] ?? 0) ^ 1;
      const zip = await open(bytes);
      expect(await reasonOf(zip.read("a"))).toContain("not a sound zip");
    }
  });

  it("that unpacks to more or less than it says is refused", async () => {
    for (const size of [numbers.length - 1, numbers.length + 1]) {
      const zip = await open(zipOf([{ ...deflated("a", numbers), size }]));
      expect(await reasonOf(zip.read("a"))).toContain("not a sound zip");
    }
  });
});

describe("an archive is refused", () => {
  const a: Member = { name: "a", data: numbers };
  it.each<[string, Uint8Array, string]>([
    ["when it is empty", new Uint8Array(), "not recognized"],
    ["when it is none", numbers, "not found"],
    ["without its end", zipOf([a]).slice(0, -1), "not found"],
    ["without its start", zipOf([a]).slice(7), "not a sound zip"],
    ["with bytes after it", join([zipOf([a]), text]), "appended data"],
    ["with bytes before it", join([text, zipOf([a])]), "not a sound zip"],
    [
      "with zip64 records that disagree",
      zipOf([a], { zip64: true, zip64Shift: 3 }),
      "two ways",
    ],
    [
      "with zip64 records that disagree, its list 76 bytes on",
      zipOf([a, { name: "b", data: text }], { zip64: true, zip64Shift: 76 }),
      "two ways",
    ],
    ["with a name twice", zipOf([a, a]), "twice"],
    ["with an encrypted entry", zipOf([{ ...a, flags: 1 }]), "encrypted"],
    ["with a link", zipOf([{ ...a, mode: 0o120777 }]), "is a link"],
    ["with a foreign compression", zipOf([{ ...a, method: 14 }]), "method 14"],
    ["stored in two sizes", zipOf([{ ...a, size: 999 }]), "two sizes"],
    ...[
      "../a",
      "x/../../a",
      "/a",
      "x//a",
      "./a",
      "C:/a",
      "x\\..\\a",
      "x\0",
    ].map((name): [string, Uint8Array, string] => [
      `with the name ${JSON.stringify(name)}`,
      zipOf([{ name, data: numbers }]),
      "a.zip",
    ]),
  ])("%s", async (_, bytes, words) => {
    expect(await reasonOf(open(bytes))).toContain(words);
  });

  it.each<[string, readonly Member[]]>([
    ["lies outside the file", [{ ...a, shift: 1 << 20 }]],
    ["lies before its place", [a, { name: "b", data: text, shift: -1000 }]],
    ["has another name in its place", [{ ...a, localName: "b" }]],
  ])("or an entry of it that %s", async (_, members) => {
    const bytes = zipOf(members);
    const { name } = members[members.length - 1] ?? a;
    const work = open(bytes).then((zip) => zip.open(name));
    expect(await reasonOf(work)).toContain("not a sound zip");
  });

  it("two entries share bytes", async () => {
    const first: Member = { name: "a", data: join([text, numbers]) };
    const inner: Member = { name: "b", data: numbers };
    // the second entry is written inside the first one's data
    const nested = zipOf([inner]).slice(0, 31 + numbers.length);
    const outer = { ...first, data: join([text, nested]) };
    const bytes = zipOf([
      outer,
      { name: "b", data: numbers, shift: -(31 + nested.length) },
    ]);
    const zip = await open(bytes);
    await zip.open("a");
    expect(await reasonOf(zip.open("b"))).toContain("not a sound zip");
  });

  it("when it holds too much", async () => {
    const many = zipOf(
      Array.from({ length: 4 }, (_, i) => ({ name: `${i}`, data: numbers })),
    );
    expect(await reasonOf(open(many, { entries: 3 }))).toContain("3 entries");
    expect(await reasonOf(open(many, { entry: 999 }))).toContain("1000 bytes");
    expect(await reasonOf(open(many, { total: 3999 }))).toContain("3999");
    await open(many, { entries: 4, entry: 1000, total: 4000 });
  });

  it("when it swells beyond measure", async () => {
    const bomb = deflated("a", new Uint8Array(8 * 2 ** 20));
    expect(await reasonOf(open(zipOf([bomb])))).toContain("unpacks");
    const mild = await open(zipOf([bomb]), { ratio: 2000 });
    expect((await mild.read("a")).length).toBe(8 * 2 ** 20);
  });
});

describe("any change of a byte", () => {
  it("leaves an archive that is read or refused as damaged", async () => {
    const sound = zipOf([{ name: "a", data: text }, deflated("b", text)]);
    let refused = 0;
    for (let at = 0; at < sound.length; at++)
      for (const bit of [0x01, 0x80]) {
        const bytes = sound.slice();
        bytes[at] = (bytes[at] ?? 0) ^ bit;
        try {
          const zip = await open(bytes);
          for (const name of zip.entries.keys()) await zip.read(name);
        } catch (error) {
          expect(error).toMatchObject({ code: "damaged-file" });
          refused++;
        }
      }
    // times, versions and attributes may be anything
    expect(refused).toBeGreaterThan(sound.length * 1.5);
  });
});
