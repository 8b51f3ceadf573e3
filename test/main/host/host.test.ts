import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { GalleryProgress } from "../../../src/shared/contract";
import { hosts, requestOf } from "../../support/host";
import { writeTinyNetwork } from "../../support/tiny-network";

const start = hosts();

describe("the engine host", () => {
  it("opens a network, runs a gallery, and gives it back from the library", async () => {
    const { root, window, open } = await start();
    const network = await open(await writeTinyNetwork(join(root, "net")));
    expect((await window.call("networks.list", {})).map((n) => n.id)).toEqual([
      "caltech101-resnet18",
      network.id,
    ]);
    expect(await window.call("networks.get", { network: network.id })).toEqual(
      network,
    );

    const progress: GalleryProgress[] = [];
    const frames = new Map<string, { step: number; bytes: Uint8Array }>();
    const result = await window.job("gallery.run", requestOf(network.id), {
      onProgress: (news) => progress.push(news),
      onFrame: ({ tile, step }, bytes) =>
        void frames.set(`${tile.row}-${tile.column}`, { step, bytes }),
    });
    expect(result.state).toBe("done");
    expect(result.gallery).toMatch(/^\d{8}-\d{6}-[0-9a-f]{4}$/);

    const stored = await window.call("library.get", { gallery: null });
    expect(stored?.gallery.id).toBe(result.gallery);
    expect(stored?.gallery.labels).toEqual(["ant", "Bee"]);
    expect(stored?.runs.map((run) => run.id)).toEqual([
      "0-1-relu",
      "0-2-proxygrad-0.2",
      "1-1-relu",
      "1-2-proxygrad-0.2",
    ]);
    const ends = progress.flatMap((p) => p.tiles).filter((t) => t.record);
    expect(ends.map((t) => t.record)).toEqual(stored?.runs);
    for (const run of stored?.runs ?? []) {
      expect(run.trace).toHaveLength(7);
      expect(run.score).toBe(run.trace[6]);
      expect(run.score).toBeGreaterThan(run.trace[0] ?? Infinity);
      // the last frame and the last kept step are the same picture
      const { reply, bytes } = await window.callBytes("picture", {
        gallery: result.gallery,
        run: run.id,
        step: 6,
      });
      expect(reply).toEqual({ shape: [6, 6, 3], step: 6 });
      const frame = frames.get(`${run.tile.row}-${run.tile.column}`);
      expect(frame?.step).toBe(6);
      expect(Buffer.compare(bytes, frame?.bytes ?? new Uint8Array())).toBe(0);
    }
    const [summary] = await window.call("library.list", {});
    expect(summary).toMatchObject({
      network: "net",
      methods: ["ReLU", "ProxyGrad 0.2"],
      runs: 4,
    });
    await window.call("library.delete", { gallery: result.gallery });
    expect(await window.call("library.get", { gallery: null })).toBeNull();
    await window.call("library.restore", { gallery: result.gallery });
    expect(await window.call("library.size", {})).toMatchObject({
      galleries: 1,
      runs: 4,
    });
    await window.call("library.clear", {});
    expect(await window.call("library.list", {})).toEqual([]);
  });

  it("gives the same bytes for the same seed, and others for another", async () => {
    const { root, window, open, configuration } = await start();
    const { id } = await open(await writeTinyNetwork(join(root, "net")));
    const bytesOf = async (seed: number) => {
      const { gallery } = await window.job(
        "gallery.run",
        requestOf(id, { seed }),
      );
      const run = join(
        configuration.libraryFolder,
        gallery,
        "1-2-proxygrad-0.2",
      );
      return Promise.all(
        ["image.npy", "image.png", "steps.i16"].map((file) =>
          readFile(join(run, file)),
        ),
      );
    };
    const first = await bytesOf(1);
    expect(await bytesOf(1)).toEqual(first);
    expect(await bytesOf(2)).not.toEqual(first);
  });

  it("stops within a step and keeps the pictures; a waiting run just goes", async () => {
    const { root, window, open } = await start();
    const { id } = await open(await writeTinyNetwork(join(root, "net")));
    const abort = new AbortController();
    const waiting = new AbortController();
    let seen = 0;
    const running = window.job(
      "gallery.run",
      requestOf(id, { steps: 100_000 }),
      {
        signal: abort.signal,
        onProgress: ({ tiles }) => {
          seen = Math.max(seen, ...tiles.map((t) => t.step));
          if (seen > 0 && !waiting.signal.aborted) {
            waiting.abort();
            void second.then(() => {
              abort.abort();
            });
          }
        },
      },
    );
    const second = window.job("gallery.run", requestOf(id), {
      signal: waiting.signal,
    });
    const third = window.job("gallery.run", requestOf(id));
    expect(await second).toMatchObject({ state: "cancelled", elapsedMs: 0 });
    const { gallery, state } = await running;
    expect(state).toBe("cancelled");
    const stored = await window.call("library.get", { gallery });
    expect(stored?.runs).toHaveLength(4);
    for (const run of stored?.runs ?? []) {
      expect(run.state).toBe("cancelled");
      expect(run.trace).toHaveLength(run.step + 1);
      expect(run.kept.at(-1)).toBe(run.step);
    }
    expect((await third).state).toBe("done");
    expect(await window.call("library.list", {})).toHaveLength(2);
  });

  it("answers while it computes", async () => {
    const { root, window, open } = await start();
    const { id } = await open(await writeTinyNetwork(join(root, "net")));
    const { gallery } = await window.job("gallery.run", requestOf(id));
    const abort = new AbortController();
    let answers: Promise<unknown> | undefined;
    const running = window.job(
      "gallery.run",
      requestOf(id, { steps: 100_000 }),
      {
        signal: abort.signal,
        onProgress: () => {
          answers ??= Promise.all([
            window.call("status", {}),
            window.call("picture", { gallery, run: "0-1-relu", step: 2 }),
            window.call("library.list", {}),
            open(join(root, "net")),
          ]).finally(() => {
            abort.abort();
          });
        },
      },
    );
    expect((await running).state).toBe("cancelled");
    expect(await answers).toMatchObject([
      { threads: expect.any(Number) as unknown },
      { step: 2 },
      [{}, {}],
      { id },
    ]);
  });

  it("tells silent from done", async () => {
    const { root, window, open } = await start();
    const { id } = await open(
      await writeTinyNetwork(join(root, "net"), { bias: -100 }),
    );
    const { gallery } = await window.job("gallery.run", requestOf(id));
    const stored = await window.call("library.get", { gallery });
    expect(
      stored?.runs.map((run) => [run.state, run.step, run.gradientNorm === 0]),
    ).toEqual([
      ["silent", 0, true],
      ["done", 6, false],
      ["silent", 0, true],
      ["done", 6, false],
    ]);
  });

  it("keeps finished pictures when it is closed in the middle", async () => {
    const { root, host, window, open, configuration } = await start();
    const { id } = await open(await writeTinyNetwork(join(root, "net")));
    let closed: Promise<void> | undefined;
    const { gallery, state } = await window.job(
      "gallery.run",
      requestOf(id, { steps: 100_000 }),
      {
        onProgress: () => {
          closed ??= host.close();
        },
      },
    );
    await closed;
    expect(state).toBe("cancelled");
    expect(
      (await readdir(join(configuration.libraryFolder, gallery))).sort(),
    ).toEqual([
      "0-1-relu",
      "0-2-proxygrad-0.2",
      "1-1-relu",
      "1-2-proxygrad-0.2",
      "gallery.json",
    ]);
  });

  it("exports what a token stands for, and asks before it overwrites", async () => {
    const { root, window, open, grant } = await start();
    const { id } = await open(await writeTinyNetwork(join(root, "net")));
    const { gallery } = await window.job("gallery.run", requestOf(id));
    const token = await grant(join(root, "scores.csv"), "write");
    const request = {
      gallery,
      runs: null,
      format: "csv",
      contrast: "raw",
      token,
      overwrite: false,
    } as const;
    // what was opened to be read is not replaced, with every yes of the window's
    const mine = join(root, "mine.pth");
    await writeFile(mine, "weights");
    await expect(
      window.job("export", {
        ...request,
        token: await grant(mine),
        overwrite: true,
      }),
    ).rejects.toMatchObject({
      code: "invalid-request",
      message: "This file was chosen to be read, and is not written to.",
    });
    expect(await readFile(mine, "utf8")).toBe("weights");
    await expect(window.job("networks.open", { token })).rejects.toMatchObject({
      code: "invalid-request",
    });
    expect(await window.job("export", request)).toMatchObject({
      outcome: "written",
      files: 1,
    });
    expect(await window.job("export", request)).toMatchObject({
      outcome: "exists",
    });
    expect(
      await window.job("export", { ...request, overwrite: true }),
    ).toMatchObject({ outcome: "written" });
    const table = await readFile(join(root, "scores.csv"), "utf8");
    expect(table.trim().split("\n").length).toBeGreaterThanOrEqual(5);
  });

  it("refuses what it does not know in sentences", async () => {
    const { root, window, open } = await start({ memoryLimit: 1 });
    await expect(
      window.job("networks.open", { token: randomUUID() }),
    ).rejects.toMatchObject({
      code: "invalid-request",
      remedy: "Choose it again.",
    });
    await expect(
      window.call("networks.get", { network: "none" }),
    ).rejects.toMatchObject({ code: "unknown-network" });
    await expect(
      window.job("gallery.run", requestOf("none")),
    ).rejects.toMatchObject({ code: "unknown-network" });
    await expect(
      window.call("library.get", { gallery: "none" }),
    ).rejects.toMatchObject({ code: "damaged-file" });
    const { id } = await open(
      await writeTinyNetwork(join(root, "net"), { size: 100 }),
    );
    await expect(
      window.job("gallery.run", requestOf(id, { batch: 8 })),
    ).rejects.toMatchObject({
      code: "out-of-memory",
      remedy: "A batch of 1 fits.",
    });
    const beyond = {
      ...requestOf(id, { batch: 1 }),
      targets: [{ kind: "logit" as const, index: 4 }],
    };
    await expect(window.job("gallery.run", beyond)).rejects.toThrow(
      "has no class 4",
    );
    expect(await window.call("library.list", {})).toEqual([]);
  });

  it("lets calls wait for its configuration, which may change later", async () => {
    const { root, window, main, configuration, log } = await start({
      configure: false,
    });
    const status = window.call("status", {});
    await main.call("configure", configuration);
    expect((await status).title).not.toBe("");
    const other = join(root, "other");
    await mkdir(join(other, "damaged"), { recursive: true });
    await writeFile(join(other, "damaged", "gallery.json"), "{");
    await main.call("configure", { ...configuration, libraryFolder: other });
    expect(await window.call("library.list", {})).toEqual([]);
    expect(log.join()).toContain("1 folders in the library");
    await writeFile(join(root, "file"), "");
    await expect(
      main.call("configure", {
        ...configuration,
        libraryFolder: join(root, "file", "x"),
      }),
    ).rejects.toMatchObject({ code: "export-failed" });
  });
});
