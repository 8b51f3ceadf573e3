/** Known networks in the app's data: what the list says, downloads that are shared, and finding them again. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KnownNetworks } from "../../../../src/main/host/known/known-networks";
import {
  fileNameOf,
  knownNetworks,
} from "../../../../src/main/host/known/list";
import { presetOf } from "../../../../src/shared/presets";
import { fileServers } from "../../../support/file-server";
import { temporaryFolders } from "../../../support/temporary-folder";

const temporary = temporaryFolders();
const serve = fileServers();
const content = Uint8Array.from({ length: 50_000 }, (_, i) => (i * i) % 251);
const sha = createHash("sha256").update(content).digest("hex");

async function setUp() {
  const root = await temporary();
  const server = await serve(content);
  const listFile = join(root, "list.json");
  const entry = {
    id: "small",
    name: "Small",
    format: "PyTorch state dict",
    url: server.url,
    licence: "MIT",
    bytes: 50_000,
    checksum: { algorithm: "sha256", begins: sha.slice(0, 8) },
  };
  await writeFile(listFile, JSON.stringify([entry]));
  const folder = join(root, "networks");
  const open = () =>
    KnownNetworks.open({ folder, log: () => undefined, listFile });
  return { root, server, folder, open, known: await open() };
}

function work() {
  const stop = new AbortController();
  const seen: number[] = [];
  return {
    stop,
    seen,
    signal: stop.signal,
    progress: (bytes: number) => {
      seen.push(bytes);
    },
  };
}

describe("the list", () => {
  it("names addresses, sizes, licences and what the makers' sources say of the hashes", async () => {
    const known = await KnownNetworks.open({
      folder: join(await temporary(), "none"),
      log: () => undefined,
    });
    const list = await known.list();
    expect(
      list.map(({ id, url, bytes, checksum, licence }) => [
        id,
        url.split("/").at(-1),
        Math.round(bytes / 1e5) / 10,
        checksum,
        licence,
      ]),
    ).toEqual([
      [
        "torchvision-resnet18",
        "resnet18-f37072fd.pth",
        46.8,
        "sha256 begins with f37072fd",
        "BSD-3-Clause",
      ],
      [
        "torchvision-resnet50",
        "resnet50-0676ba61.pth",
        102.5,
        "sha256 begins with 0676ba61",
        "BSD-3-Clause",
      ],
      [
        "torchvision-vgg16",
        "vgg16-397923af.pth",
        553.4,
        "sha256 begins with 397923af",
        "BSD-3-Clause",
      ],
      [
        "torchvision-squeezenet1-1",
        "squeezenet1_1-b8a52dc0.pth",
        5,
        "sha256 begins with b8a52dc0",
        "BSD-3-Clause",
      ],
      [
        "torchvision-mobilenet-v2",
        "mobilenet_v2-b0353104.pth",
        14.2,
        "sha256 begins with b0353104",
        "BSD-3-Clause",
      ],
      [
        "torchvision-densenet121",
        "densenet121-a639ec97.pth",
        32.3,
        "sha256 begins with a639ec97",
        "BSD-3-Clause",
      ],
      [
        "keras-resnet50",
        "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
        102.8,
        "md5 begins with 2cb95161c43110f7111970584f804107",
        "Apache-2.0",
      ],
    ]);
    for (const { url, present, complete, network } of list) {
      expect(url).toMatch(
        /^https:\/\/(download\.pytorch\.org|storage\.googleapis\.com)\//,
      );
      expect({ present, complete, network }).toEqual({
        present: 0,
        complete: false,
        network: null,
      });
    }
    for (const { id, card } of knownNetworks)
      expect(presetOf(card.preprocessing ?? null, 3)).toBe(
        id.startsWith("keras") ? "caffe" : "imagenet",
      );
    // two entries in one file would spoil each other
    expect(new Set(knownNetworks.map(fileNameOf)).size).toBe(7);
  });

  it("tells what is there, and the id it was opened as", async () => {
    const { known, server, folder, open } = await setUp();
    server.faults.stopAfter = 20_000;
    server.faults.before = (_, count) => {
      if (count === 2) server.faults.stopAfter = 0;
    };
    await expect(
      known.download("small", {
        ...work(),
        progress: (bytes) => {
          server.cut(bytes);
        },
      }),
    ).rejects.toMatchObject({ code: "export-failed" });
    expect(await known.list()).toMatchObject([
      { present: 20_000, complete: false, network: null },
    ]);
    server.faults.stopAfter = null;
    server.faults.before = () => undefined;
    const path = await known.download("small", work());
    expect(path).toBe(join(folder, "net-1234.pth"));
    await known.wasOpened("small", "small-0123456789ab");
    const again = await open();
    expect(await again.list()).toMatchObject([
      { present: 50_000, complete: true, network: "small-0123456789ab" },
    ]);
    expect(again.pathOf("small-0123456789ab")).toBe(path);
    expect(again.entryAt(path)?.id).toBe("small");
    await again.remove("small");
    expect(await again.list()).toMatchObject([
      { present: 0, complete: false, network: null },
    ]);
    expect(again.pathOf("small-0123456789ab")).toBeNull();
    expect(await readdir(folder)).toEqual(["opened.json"]);
  });

  it("is refused where a test's own is none", async () => {
    const root = await temporary();
    const listFile = join(root, "list.json");
    await writeFile(listFile, '[{"id":"x"}]');
    const options = { folder: root, log: () => undefined, listFile };
    await expect(KnownNetworks.open(options)).rejects.toMatchObject({
      code: "invalid-request",
    });
  });
});

describe("downloads", () => {
  it("at once are one, and each who asked sees its progress", async () => {
    const { known, server } = await setUp();
    const [one, two] = [work(), work()];
    const paths = await Promise.all([
      known.download("small", one),
      known.download("small", two),
    ]);
    expect(paths[0]).toBe(paths[1]);
    expect(server.requests).toHaveLength(1);
    expect(one.seen.at(-1)).toBe(50_000);
    expect(two.seen.at(-1)).toBe(50_000);
    // what is there is not asked for again
    await known.download("small", work());
    expect(server.requests).toHaveLength(1);
  });

  it("end when all who asked have cancelled, not before", async () => {
    const { known, server, folder } = await setUp();
    server.faults.stopAfter = 30_000;
    const [one, two] = [work(), work()];
    const arrived = new Promise<void>((resolve) => {
      two.progress = (bytes) => {
        if (bytes === 30_000) resolve();
      };
    });
    const first = known.download("small", one);
    const second = known.download("small", two);
    await arrived;
    one.stop.abort(new Error("not me"));
    await expect(first).rejects.toThrow("not me");
    server.faults.stopAfter = null;
    server.cut(30_000);
    expect(await second).toBe(join(folder, "net-1234.pth"));
    expect(server.requests).toHaveLength(2);
  });

  it("that were given up can be asked for again at once", async () => {
    const { known, server, folder } = await setUp();
    server.faults.stopAfter = 30_000;
    const one = work();
    const first = known.download("small", {
      signal: one.signal,
      progress: (bytes) => {
        if (bytes === 30_000) one.stop.abort(new Error("no"));
      },
    });
    await expect(first).rejects.toThrow("no");
    expect((await stat(join(folder, "net-1234.pth.part"))).size).toBe(30_000);
    server.faults.stopAfter = null;
    const path = await known.download("small", work());
    expect(
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex"),
    ).toBe(sha);
    expect(server.requests[1]?.range).toBe("bytes=30000-");
  });

  it("of removed networks stop", async () => {
    const { known, server, folder } = await setUp();
    server.faults.stopAfter = 30_000;
    let removed: Promise<void> | undefined;
    const running = known.download("small", {
      ...work(),
      progress: (bytes) => {
        if (bytes === 30_000) removed ??= known.remove("small");
      },
    });
    await expect(running).rejects.toThrow("Small was removed");
    await removed;
    expect(await readdir(folder)).toEqual(["opened.json"]);
  });

  it("of what is not known are refused", async () => {
    const { known, folder } = await setUp();
    await expect(known.download("large", work())).rejects.toMatchObject({
      code: "invalid-request",
      remedy: "Known are small.",
    });
    const gone = work();
    gone.stop.abort(new Error("early"));
    await expect(known.download("small", gone)).rejects.toThrow("early");
    await mkdir(folder, { recursive: true });
    expect(await readdir(folder)).toEqual([]);
  });
});
