import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  download,
  type Download,
} from "../../../../src/main/host/known/download";
import { randomStream } from "../../../../src/engine/random";
import {
  fileServers,
  tagOf,
  type FileServer,
} from "../../../support/file-server";
import { holdLock, killed } from "../../../support/hold-lock";
import { temporaryFolders } from "../../../support/temporary-folder";

const temporary = temporaryFolders();
const serve = fileServers();

const random = randomStream(1);
const content = Uint8Array.from(
  { length: 300_000 },
  () => 256 * random.uniform(),
);
const shaOf = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex");
const sha = shaOf(content);

async function setUp(bytes = content) {
  const folder = await temporary();
  const server = await serve(bytes);
  const target = join(folder, "networks", "net-1234.pth");
  const names = async () => (await readdir(join(folder, "networks"))).sort();
  return { folder, server, target, names };
}

function task(
  { url }: FileServer,
  target: string,
  changes: Partial<Download> = {},
): Download {
  return {
    url,
    target,
    checksum: { algorithm: "sha256", begins: sha.slice(0, 8) },
    most: 400_000,
    loopback: true,
    patienceMs: 20_000,
    ...changes,
  };
}

/** Connections that stop break as soon as what was sent has arrived. */
function work(server?: FileServer) {
  const stop = new AbortController();
  const seen: [number, number][] = [];
  return {
    stop,
    seen,
    signal: stop.signal,
    progress: (bytes: number, total: number) => {
      seen.push([bytes, total]);
      server?.cut(bytes);
    },
  };
}

/** What a download is refused with. */
async function refusal(task: Download, own = work()) {
  const error: unknown = await download(task, own).then(
    () => null,
    (reason: unknown) => reason,
  );
  return error as { code?: string; message: string; remedy?: string };
}

describe("a download", () => {
  it("brings the file, counts its bytes, and leaves nothing else", async () => {
    const { server, target, names } = await setUp();
    const own = work();
    await download(task(server, target), own);
    expect(shaOf(await readFile(target))).toBe(shaOf(content));
    expect(await names()).toEqual(["net-1234.pth"]);
    expect(own.seen[0]).toEqual([0, 300_000]);
    expect(own.seen.at(-1)).toEqual([300_000, 300_000]);
    const counts = own.seen.map(([bytes]) => bytes);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(server.requests).toEqual([{ range: undefined, ifRange: undefined }]);
  });

  it("checks md5 too, and takes files nobody gives a checksum of", async () => {
    const { server, target } = await setUp();
    const begins = createHash("md5").update(content).digest("hex");
    await download(
      task(server, target, { checksum: { algorithm: "md5", begins } }),
      work(),
    );
    await download(task(server, `${target}2`, { checksum: null }), work());
    expect((await stat(`${target}2`)).size).toBe(300_000);
  });

  it("goes on where the connection broke, again and again", async () => {
    const { server, target } = await setUp();
    server.faults.stopAfter = 100_000;
    server.faults.before = (_, count) => {
      if (count === 3) server.faults.stopAfter = null;
    };
    await download(task(server, target), work(server));
    expect(shaOf(await readFile(target))).toBe(shaOf(content));
    expect(server.requests.map(({ range }) => range)).toEqual([
      undefined,
      "bytes=100000-",
      "bytes=200000-",
    ]);
    expect(server.requests[1]?.ifRange).toBe(tagOf(content));
  });

  it("gives up where nothing comes any more, keeps what is there, and goes on later", async () => {
    const { server, target, names } = await setUp();
    server.faults.stopAfter = 70_000;
    server.faults.before = (_, count) => {
      if (count === 2) server.faults.stopAfter = 0;
    };
    expect(await refusal(task(server, target), work(server))).toMatchObject({
      code: "export-failed",
      message: expect.stringContaining("broke after 70000 bytes") as unknown,
      remedy: "Try again: it goes on where it stopped.",
    });
    expect(await names()).toEqual([
      "net-1234.pth.part",
      "net-1234.pth.part.json",
    ]);
    server.faults.before = () => undefined;
    server.faults.stopAfter = null;
    const own = work();
    await download(task(server, target), own);
    expect(own.seen[0]).toEqual([70_000, 300_000]);
    expect(shaOf(await readFile(target))).toBe(shaOf(content));
    expect(server.requests.at(-1)?.range).toBe("bytes=70000-");
  });

  it("does not go on for ever with a server that breaks every time", async () => {
    const { server, target } = await setUp();
    server.faults.stopAfter = 10_000;
    expect((await refusal(task(server, target), work(server))).code).toBe(
      "export-failed",
    );
    expect(server.requests).toHaveLength(5);
  });

  it("keeps what is there when it is cancelled, and goes on then", async () => {
    const { server, target, names } = await setUp();
    server.faults.stopAfter = 120_000;
    const own = work();
    const running = download(task(server, target), {
      signal: own.signal,
      progress: (bytes) => {
        if (bytes === 120_000) own.stop.abort(new Error("enough"));
      },
    });
    await expect(running).rejects.toThrow("enough");
    expect(await names()).toEqual([
      "net-1234.pth.part",
      "net-1234.pth.part.json",
    ]);
    server.faults.stopAfter = null;
    await download(task(server, target), work());
    expect(shaOf(await readFile(target))).toBe(shaOf(content));
    expect(server.requests[1]?.range).toBe("bytes=120000-");
    const early = work();
    early.stop.abort(new Error("never"));
    await expect(download(task(server, target), early)).rejects.toThrow(
      "never",
    );
  });

  it.each<[string, (server: FileServer) => void]>([
    ["knows no ranges", ({ faults }) => (faults.noRanges = true)],
    [
      "has another file by now",
      (server) => (server.content = content.slice().reverse()),
    ],
    [
      "has another file by now and ignores If-Range",
      (server) => {
        server.content = content.slice().reverse();
        server.faults.ignoresIfRange = true;
      },
    ],
    [
      "has a shorter file by now and ignores If-Range",
      (server) => {
        server.content = content.slice(0, 1000);
        server.faults.ignoresIfRange = true;
      },
    ],
  ])("begins anew where the server %s", async (_, change) => {
    const { server, target } = await setUp();
    server.faults.stopAfter = 100_000;
    server.faults.before = (_request, count) => {
      if (count === 2) server.faults.stopAfter = 0;
    };
    await refusal(task(server, target), work(server));
    server.faults.before = () => undefined;
    server.faults.stopAfter = null;
    change(server);
    await download(task(server, target, { checksum: null }), work());
    expect(shaOf(await readFile(target))).toBe(shaOf(server.content));
  });

  it("begins anew where the server names no version of the file", async () => {
    const { server, target } = await setUp();
    server.faults.noTag = true;
    server.faults.stopAfter = 100_000;
    server.faults.before = (_, count) => {
      if (count === 2) server.faults.stopAfter = null;
    };
    await download(task(server, target), work(server));
    expect(server.requests[1]?.range).toBeUndefined();
    expect(shaOf(await readFile(target))).toBe(shaOf(content));
  });

  it("takes a part that is whole already", async () => {
    const { server, target, folder } = await setUp();
    await mkdir(join(folder, "networks"));
    await writeFile(`${target}.part`, content);
    const state = { url: server.url, validator: tagOf(content) };
    await writeFile(`${target}.part.json`, JSON.stringify(state));
    await download(task(server, target), work());
    expect(shaOf(await readFile(target))).toBe(shaOf(content));
    expect(server.requests).toHaveLength(1);
  });

  it("does not take up parts of elsewhere, or of nothing known", async () => {
    const { server, target, folder } = await setUp();
    await mkdir(join(folder, "networks"));
    for (const state of [
      JSON.stringify({ url: "https://example.org/x", validator: "x" }),
      JSON.stringify({ url: server.url, validator: null }),
      "{",
    ]) {
      await writeFile(`${target}.part`, "something else");
      await writeFile(`${target}.part.json`, state);
      await download(task(server, target), work());
      expect(shaOf(await readFile(target))).toBe(shaOf(content));
    }
    expect(server.requests.every(({ range }) => range === undefined)).toBe(
      true,
    );
  });

  it("deletes what is not the file its maker published, and says so", async () => {
    const { server, target, names } = await setUp();
    server.content = content.slice().reverse();
    const fault = await refusal(task(server, target));
    expect(fault.code).toBe("damaged-file");
    expect(fault.message).toContain("sha256 begins with");
    expect(fault.message).toContain(`not with ${sha.slice(0, 8)}`);
    expect(await names()).toEqual([]);
  });

  it.each([
    [404, "does not have the file any more (404)", "by hand"],
    [410, "any more (410)", "by hand"],
    [403, "does not give the file (403)", "later"],
    [500, "does not give the file (500)", "goes on where it stopped"],
    [304, "does not give the file (304)", "later"],
  ])("says what a status of %d means", async (status, said, remedy) => {
    const { server, target } = await setUp();
    server.faults.status = status;
    const fault = await refusal(task(server, target));
    expect(fault.code).toBe("export-failed");
    expect(fault.message).toContain(said);
    expect(fault.message).toContain("127.0.0.1");
    expect(fault.remedy).toContain(remedy);
    expect(server.requests).toHaveLength(1);
  });

  it("follows where it is led, but not out of safety or for ever", async () => {
    const { server, target } = await setUp();
    const first = await serve(content);
    first.faults.location = server.url;
    await download(task(first, target), work());
    expect(shaOf(await readFile(target))).toBe(shaOf(content));
    for (const [location, said] of [
      ["http://example.org/x", "leads to http://example.org"],
      ["http://localhost:1/x", "leads to http://localhost:1"],
      ["file:///etc/passwd", "leads to file://"],
      ["http://[", "no address"],
      ["/models/net-1234.pth", "more than 10 times"],
    ] as const) {
      first.faults.location = location;
      expect((await refusal(task(first, `${target}2`))).message).toContain(
        said,
      );
    }
    // only tests may do without https
    const plain = await refusal(task(server, target, { loopback: false }));
    expect(plain.message).toContain("not safe");
    expect(server.requests).toHaveLength(1);
  });

  it("gives up on a server that says nothing", async () => {
    const { server, target } = await setUp();
    server.faults.stopAfter = 50_000;
    const fault = await refusal(task(server, target, { patienceMs: 50 }));
    expect(fault.code).toBe("export-failed");
    expect(fault.message).toContain("said nothing for 0.05 s");
  });

  it("stops a server that sends too much", async () => {
    const { server, target, names } = await setUp();
    const sized = await refusal(task(server, target, { most: 299_999 }));
    expect(sized.message).toContain(
      "offers 300000 bytes, and the file should have at most 299999",
    );
    server.faults.unsized = Infinity;
    const endless = await refusal(task(server, target));
    expect(endless.message).toContain("sends more than 400000 bytes");
    expect((await stat(`${target}.part`)).size).toBe(0);
    expect(await names()).not.toContain("net-1234.pth");
    server.faults.unsized = 1;
    await download(task(server, target), work());
    expect(shaOf(await readFile(target))).toBe(shaOf(content));
  });

  it("does not begin what the disk has no room for", async () => {
    const { server, target } = await setUp();
    server.faults.length = 1e15;
    server.faults.stopAfter = 1000;
    const fault = await refusal(task(server, target, { most: 2e15 }));
    expect(fault.code).toBe("export-failed");
    expect(fault.message).toMatch(/no room for net-1234\.pth: 10000000\d\d MB/);
    expect((await stat(`${target}.part`)).size).toBe(0);
  });

  it("says where it cannot write, and where another is at it", async () => {
    const { server, target, folder } = await setUp();
    await writeFile(join(folder, "file"), "");
    const nowhere = await refusal(task(server, join(folder, "file", "x")));
    expect(nowhere).toMatchObject({ code: "export-failed" });
    await mkdir(join(folder, "networks"));
    const other = await holdLock(`${target}.part.lock`);
    const locked = await refusal(task(server, target));
    expect(locked.message).toMatch(
      /^Another Proxima \(process \d+ on .+\) is downloading net-1234.pth.$/,
    );
    await killed(other);
    await download(task(server, target), work());
    expect(shaOf(await readFile(target))).toBe(shaOf(content));
  });
});
