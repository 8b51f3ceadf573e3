/** Opening as a conversation, as the window has it: reports, answers, a picture to check with, names. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, describe, expect, it } from "vitest";
import { scoreImages, softmax } from "../../../src/engine";
import { Networks } from "../../../src/main/host/networks";
import { writeNpy } from "../../../src/main/host/npy";
import { bundledFolder } from "../../../src/main/host/resources";
import type { Answers, NetworkInfo } from "../../../src/shared/domain";
import { presetFor } from "../../../src/shared/presets";
import { fileServers } from "../../support/file-server";
import { hosts, requestOf } from "../../support/host";
import { temporaryFolders } from "../../support/temporary-folder";
import { writeTinyNetwork } from "../../support/tiny-network";
import { writeTinyAlexNet } from "../../support/tiny-safetensors";

const start = hosts();
const serve = fileServers();
const temporary = temporaryFolders();
type Started = Awaited<ReturnType<typeof start>>;

function answersOf({ report }: NetworkInfo, changes: Partial<Answers>) {
  return { ...report.answers, ...changes };
}

/** A picture of one colour, RGB or grey in 0..255, wider than high. */
async function writePicture(
  path: string,
  pixel: readonly number[],
): Promise<string> {
  const channels = pixel.length as 1 | 3; // what sharp calls raw channels
  const pixels = Uint8Array.from({ length: 20 * 10 * channels }, (_, i) =>
    Number(pixel[i % channels]),
  );
  await sharp(pixels, { raw: { width: 20, height: 10, channels } })
    .png()
    .toFile(path);
  return path;
}

/** Logits by the engine itself, of values that go in after the preprocessing, one colour everywhere. */
async function logitsOf(folder: string, colour: readonly number[]) {
  const { signal } = new AbortController();
  const networks = new Networks({
    bundled: bundledFolder(),
    memory: () => 2 ** 30,
  });
  const { network } = await networks.open(folder, { signal });
  const [height, width, channels] = network.input;
  const image = Float32Array.from(
    { length: height * width * channels },
    (_, i) => colour[i % channels] ?? NaN,
  );
  const [logits] = scoreImages(
    { network: { ...network, preprocessing: null }, runtime: null },
    [image],
  );
  return [...(logits ?? [])];
}

async function check(
  { window, grant }: Started,
  network: string,
  path: string,
) {
  const { reply, bytes } = await window.callBytes("networks.check", {
    network,
    token: await grant(path),
  });
  const values = new Int16Array(bytes.slice().buffer);
  return { ...reply, values };
}

describe("a picture to check with", () => {
  it("is prepared as the answers say: the best classes, and the picture as it goes in", async () => {
    const host = await start();
    const folder = await writeTinyNetwork(join(host.root, "net"));
    const opened = await host.open(folder);
    const picture = await writePicture(
      join(host.root, "p.png"),
      [200, 100, 50],
    );
    for (const [preset, colour] of [
      ["unit", [200 / 255, 100 / 255, 50 / 255]],
      ["signed", [200 / 127.5 - 1, 100 / 127.5 - 1, 50 / 127.5 - 1]],
      ["caffe", [50 - 103.939, 100 - 116.779, 200 - 123.68]],
    ] as const) {
      await host.window.job("networks.answer", {
        network: opened.id,
        answers: answersOf(opened, { preprocessing: presetFor(preset, 3) }),
        guessed: [],
      });
      const { top5, shape, values } = await check(host, opened.id, picture);
      expect(shape).toEqual([6, 6, 3]);
      expect(values).toHaveLength(108);
      for (const [i, p] of [200, 100, 50].entries())
        expect(values[i]).toBe(Math.round((p / 127.5 - 1) * 32767));
      const logits = await logitsOf(folder, colour);
      const probabilities = softmax(logits);
      expect(top5).toHaveLength(4);
      expect(top5.map(({ logit }) => logit)).toEqual(
        top5.map(({ logit }) => logit).sort((a, b) => b - a),
      );
      for (const { index, label, logit, probability } of top5) {
        expect(label).toBe(opened.labels[index]);
        expect(logit / Number(logits[index])).toBeCloseTo(1, 4);
        expect(probability).toBeCloseTo(Number(probabilities[index]), 4);
      }
    }
  });

  it("becomes grey for one channel; other numbers of channels take arrays", async () => {
    const host = await start();
    const grey = await host.open(
      await writeTinyNetwork(join(host.root, "grey"), { channels: 1 }),
    );
    const path = await writePicture(join(host.root, "g.png"), [70]);
    const checked = await check(host, grey.id, path);
    expect(checked.shape).toEqual([6, 6, 1]);
    expect([...new Set(checked.values)]).toEqual([
      Math.round((70 / 127.5 - 1) * 32767),
    ]);
    const four = await host.open(
      await writeTinyNetwork(join(host.root, "four"), { channels: 4 }),
    );
    await expect(check(host, four.id, path)).rejects.toMatchObject({
      code: "damaged-file",
      remedy: expect.stringContaining(".npy") as unknown,
    });
    const array = join(host.root, "four.npy");
    const values = Float32Array.from({ length: 144 }, (_, i) => (i % 4) / 4);
    await writeFile(array, writeNpy([6, 6, 4], values));
    const four4 = await check(host, four.id, array);
    expect(four4.shape).toEqual([6, 6, 4]);
    expect([...four4.values.slice(0, 4)]).toEqual([0, 8192, 16384, 24575]);
    expect(four4.top5).toHaveLength(4);
  });

  it("says what is wrong with a file that is none, and with scores that are no numbers", async () => {
    const host = await start();
    const opened = await host.open(
      await writeTinyNetwork(join(host.root, "net")),
    );
    const text = join(host.root, "text.png");
    await writeFile(text, "text");
    await expect(check(host, opened.id, text)).rejects.toMatchObject({
      code: "damaged-file",
    });
    await host.window.job("networks.answer", {
      network: opened.id,
      answers: answersOf(opened, {
        preprocessing: { order: "RGB", mean: [0], std: [1e-40] },
      }),
      guessed: [],
    });
    const path = await writePicture(join(host.root, "p.png"), [255, 0, 255]);
    await expect(check(host, opened.id, path)).rejects.toMatchObject({
      code: "not-finite",
    });
  });

  it("is answered between two steps of a gallery, which comes out the same", async () => {
    const host = await start();
    const opened = await host.open(
      await writeTinyNetwork(join(host.root, "net")),
    );
    const path = await writePicture(join(host.root, "p.png"), [255, 0, 255]);
    const request = requestOf(opened.id, { steps: 60 });
    const alone = await host.window.job("gallery.run", request);
    const order: string[] = [];
    let checks = 0;
    let asked: Promise<unknown> | undefined;
    const disturbed = await host.window.job("gallery.run", request, {
      onProgress: () => {
        asked ??= Promise.all(
          [1, 2, 3].map(async () => {
            await check(host, opened.id, path);
            checks += 1;
          }),
        ).then(() => order.push("checked"));
      },
    });
    order.push("run");
    await asked;
    expect(checks).toBe(3);
    expect(order[0]).toBe("checked");
    const tracesOf = async (gallery: string) =>
      (await host.window.call("library.get", { gallery }))?.runs.map(
        ({ trace }) => trace,
      );
    expect(await tracesOf(disturbed.gallery)).toEqual(
      await tracesOf(alone.gallery),
    );
  });
});

it("records the preprocessing of a run, as it was answered", async () => {
  const { root, window, open } = await start();
  const opened = await open(await writeTinyNetwork(join(root, "net")));
  const preprocessing = presetFor("imagenet", 3);
  const answered = await window.job("networks.answer", {
    network: opened.id,
    answers: answersOf(opened, { preprocessing }),
    guessed: [],
  });
  expect(answered.id).toBe(opened.id);
  const { gallery } = await window.job("gallery.run", requestOf(opened.id));
  const stored = await window.call("library.get", { gallery });
  for (const run of stored?.runs ?? [])
    expect(run.network.preprocessing).toEqual(preprocessing);
});

it("asks nothing again after a restart, and exports what was answered", async () => {
  const first = await start();
  const folder = await writeTinyNetwork(join(first.root, "net"));
  const opened = await first.open(folder);
  expect(opened.report.from.preprocessing).toBe("guess");
  const answers = answersOf(opened, {
    preprocessing: presetFor("caffe", 3),
    labels: { kind: "none" },
    size: [7, 8],
  });
  await first.window.job("networks.answer", {
    network: opened.id,
    answers,
    guessed: [],
  });
  const second = await start({ root: first.root });
  const again = await second.open(folder);
  expect(again.id).toBe(opened.id);
  expect(again.report.answers).toEqual(answers);
  expect(Object.values(again.report.from)).not.toContain("guess");
  expect(again.input).toEqual({ height: 7, width: 8, channels: 3 });
  expect(again.labels[0]).toBe("class 0");
  const request = { network: opened.id, overwrite: false };
  expect(await second.window.call("networks.export-answers", request)).toEqual({
    outcome: "written",
    file: "model.json.proxima.json",
  });
  expect(
    await second.window.call("networks.export-answers", request),
  ).toMatchObject({ outcome: "exists" });
});

it("reads names from a file the window has a token for", async () => {
  const { root, window, grant } = await start();
  const path = join(root, "names.csv");
  await writeFile(path, "0,cat\n1,dog\n");
  expect(
    await window.call("labels.read", { token: await grant(path) }),
  ).toEqual({ labels: ["cat", "dog"] });
});

describe("a known network", () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  /** Two starts of the app, and a server that offers a narrow AlexNet. */
  async function offer() {
    const root = await temporary();
    const file = await writeTinyAlexNet(join(root, "net.safetensors"));
    const server = await serve(await readFile(file));
    const entry = {
      id: "small",
      name: "Small AlexNet",
      format: "safetensors",
      url: server.url.replace(".pth", ".safetensors"),
      licence: "MIT",
      bytes: server.content.length,
      checksum: null,
      card: { name: "Small AlexNet" },
    };
    const list = join(root, "list.json");
    await writeFile(list, JSON.stringify([entry]));
    process.env["PROXIMA_KNOWN_NETWORKS"] = list;
    return { server, root };
  }

  it("is downloaded only when asked, opened, and found again after a restart", async () => {
    const { server, root } = await offer();
    const { window } = await start({ root });
    const [listed] = await window.call("known.list", {});
    expect(listed).toMatchObject({ id: "small", complete: false, present: 0 });
    await window.call("networks.list", {});
    expect(server.requests).toHaveLength(0);
    const stages = new Set<string>();
    const network = await window.job(
      "known.download",
      { id: "small" },
      { onProgress: ({ stage }) => stages.add(stage) },
    );
    expect(stages).toContain("Downloading");
    expect(network).toMatchObject({ name: "Small AlexNet", classes: 1000 });
    expect(await window.call("known.list", {})).toMatchObject([
      { complete: true, network: network.id, present: server.content.length },
    ]);
    const answers = answersOf(network, { labels: { kind: "none" } });
    await window.job("networks.answer", {
      network: network.id,
      answers,
      guessed: [],
    });
    const later = await start({ root });
    const again = await later.window.call("networks.get", {
      network: network.id,
    });
    expect(again.id).toBe(network.id);
    expect(again.report.answers).toEqual(answers);
    // what is there is only opened
    const opened = await later.window.job("known.download", { id: "small" });
    expect(opened.id).toBe(network.id);
    expect(server.requests).toHaveLength(1);
    await later.window.call("known.remove", { id: "small" });
    expect(await later.window.call("known.list", {})).toMatchObject([
      { complete: false, network: null, present: 0 },
    ]);
    // listed no more, and still there for whoever looks at it
    const still = await later.window.call("networks.list", {});
    expect(still.map(({ id }) => id)).not.toContain(network.id);
    expect(
      await later.window.call("networks.get", { network: network.id }),
    ).toMatchObject({ id: network.id });
  });

  it("stops when the window cancels, and says what went wrong", async () => {
    const { server, root } = await offer();
    const { window } = await start({ root });
    server.faults.stopAfter = 20_000;
    const abort = new AbortController();
    const running = window.job(
      "known.download",
      { id: "small" },
      {
        signal: abort.signal,
        onProgress: ({ bytes }) => {
          if (bytes === 0) abort.abort();
        },
      },
    );
    await expect(running).rejects.toThrow();
    server.faults.status = 404;
    await expect(
      window.job("known.download", { id: "small" }),
    ).rejects.toMatchObject({ code: "export-failed" });
    server.faults.status = null;
    server.faults.stopAfter = null;
    const network = await window.job("known.download", { id: "small" });
    expect(network.name).toBe("Small AlexNet");
  });
});
