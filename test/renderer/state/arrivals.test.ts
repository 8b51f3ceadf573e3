import { describe, expect, it, vi } from "vitest";
import type { KnownNetwork } from "../../../src/shared/contract";
import { Fault } from "../../../src/shared/fault";
import { importReport, networkInfo } from "../../support/fake-world";
import { useApps } from "./start-app";

const { start } = useApps();

const chosen = {
  token: "00000000-0000-0000-0000-000000000007",
  name: "a.onnx",
};
const sure = networkInfo({
  id: "mine-1",
  name: "Mine",
  format: "ONNX",
  bundled: false,
  classes: 1000,
  input: { height: 224, width: 192, channels: 3 },
});
const guessed = networkInfo({
  ...sure,
  report: importReport({
    from: { size: "file", preprocessing: "guess", labels: "file" },
  }),
});

describe("a network that was opened", () => {
  it("with nothing guessed says so in a line, which leads to the card", async () => {
    const { app } = await start({ opened: sure });
    await app.arrivals.openNetwork(chosen);
    expect(app.view.cardShown).toBe(false);
    const [notice] = app.notices.list;
    expect(notice).toMatchObject({
      kind: "info",
      text: "Opened Mine: ONNX · 192 × 224 · 1,000 classes",
      action: { label: "Details" },
    });
    notice?.action?.run();
    expect(app.view.cardShown).toBe(true);
  });

  it("with something guessed shows the card by itself", async () => {
    const { app } = await start({ opened: guessed });
    await app.arrivals.openNetwork(chosen);
    expect(app.view.cardShown).toBe(true);
    expect(app.notices.list).toEqual([]);
    expect(app.notices.spoken).toBe(
      "Opened Mine. Some of its answers are guessed.",
    );
  });

  it("from the Network page stays there, from the Library goes to Compare", async () => {
    const { app } = await start({ opened: guessed });
    app.view.workspace = "network";
    await app.arrivals.openNetwork(chosen);
    expect(app.view.workspace).toBe("network");
    // All of the card is there already.
    expect(app.view.cardShown).toBe(false);
    app.view.workspace = "library";
    await app.arrivals.openNetwork(chosen);
    expect(app.view.workspace).toBe("compare");
    expect(app.view.cardShown).toBe(true);
  });

  it.each([
    ["moved", "Mine was found at its new place."],
    ["changed", "The files of Mine have changed since they were opened last."],
  ] as const)("and has %s says so", async (was, text) => {
    const { app } = await start({ opened: guessed, was });
    await app.arrivals.openNetwork(chosen);
    expect(app.notices.list).toMatchObject([{ text }]);
  });

  it("and is refused can be tried again", async () => {
    const { app, fake } = await start({
      opened: new Fault("engine-gone", "The engine has stopped."),
    });
    await app.arrivals.openNetwork(chosen);
    expect(app.networks.refused).toMatchObject({
      chosen,
      fault: { code: "engine-gone" },
    });
    expect(app.networks.current?.id).toBe("toy");
    const calls = fake.calls.filter(({ name }) => name === "networks.opened");
    expect(calls).toEqual([]);
    // The engine that is started again finds what was open; the refusal waits for its answer.
    fake.kill();
    fake.emit({ kind: "engine-gone", message: "Killed.", remedy: "" });
    await app.engine.restart();
    await vi.waitFor(() => {
      expect(app.notices.spoken).toBe("The engine runs again");
      expect(app.runs.obstacle).toBeNull();
    });
    expect(app.networks.refused).toMatchObject({ chosen });
  });
});

describe("what main asks for", () => {
  it("is opened once the first look at the engine is over", async () => {
    const { app, fake } = await start({ opened: guessed });
    app.session.settled = false;
    fake.emit({ kind: "open", what: "network", ...chosen });
    expect(app.networks.opening).toBeNull();
    app.session.settled = true;
    await vi.waitFor(() => {
      expect(app.networks.current?.id).toBe("mine-1");
    });
  });

  it("may be a gallery, or a network of before", async () => {
    const { app, fake } = await start({ networks: [networkInfo(), sure] });
    expect(app.networks.current?.id).toBe("toy");
    fake.emit({ kind: "open-recent", network: "mine-1" });
    await vi.waitFor(() => {
      expect(app.networks.current?.id).toBe("mine-1");
    });
    fake.emit({ kind: "open", what: "gallery", ...chosen });
    await vi.waitFor(() => {
      expect(fake.imported).toEqual([chosen.token]);
    });
  });
});

describe("a recent network that is not at its place", () => {
  const token = "00000000-0000-0000-0000-000000000009";
  const lost = { token, network: "mine-1", name: "Mine", present: false };

  it("is asked for where it cannot be opened", async () => {
    const { app } = await start({
      recent: [lost],
      opened: new Fault("damaged-file", "There is nothing at /x."),
    });
    await app.session.selectNetwork("mine-1");
    expect(app.notices.list).toMatchObject([
      {
        kind: "error",
        text: "Mine cannot be opened again. There is nothing at /x.",
        action: { label: "Find it…" },
      },
    ]);
  });

  it("is found where the user says, and known there from then on", async () => {
    const { app } = await start({ recent: [lost], opened: sure, was: "moved" });
    await app.arrivals.locate(lost);
    expect(app.networks.current?.id).toBe("mine-1");
    expect(app.recent.list).toEqual([
      {
        token: "00000000-0000-0000-0000-000000000001",
        network: "mine-1",
        name: "Mine",
        present: true,
      },
    ]);
    expect(app.notices.list.at(-1)?.text).toBe(
      "Mine was found at its new place.",
    );
  });

  it("is not taken for another one", async () => {
    const opened = networkInfo({ ...sure, id: "other-1", name: "Other" });
    const { app } = await start({ recent: [lost], opened });
    await app.arrivals.locate(lost);
    expect(app.networks.current?.id).toBe("other-1");
    expect(app.notices.list.at(-1)).toMatchObject({
      text: "net is not Mine: its files differ.",
      remedy: "It is open as a network of its own.",
    });
    expect(app.recent.find("mine-1")?.present).toBe(false);
  });
});

describe("a known network", () => {
  const entry: KnownNetwork = {
    id: "vgg16",
    name: "VGG-16",
    format: "PyTorch state dict",
    url: "https://example.org/vgg16.pth",
    licence: "BSD",
    bytes: 100,
    checksum: null,
    present: 0,
    complete: false,
    network: null,
  };

  it("is fetched with progress and shown on the page it was asked for on", async () => {
    let go: (bytes: number) => void = () => undefined;
    const { app } = await start({
      known: [entry],
      download: (_, { progress }) =>
        new Promise((resolve) => {
          go = (bytes) => {
            if (bytes < 100) progress(bytes);
            else resolve(sure);
          };
        }),
    });
    app.view.workspace = "network";
    await app.known.load();
    const opened = app.arrivals.openKnown("vgg16");
    await vi.waitFor(() => {
      go(40);
      expect(app.known.downloads.get("vgg16")?.progress).toEqual({
        stage: "Downloading",
        bytes: 40,
        total: 100,
      });
    });
    go(100);
    await opened;
    expect(app.networks.current?.id).toBe("mine-1");
    expect(app.networks.knows("mine-1")).toBe(true);
    expect(app.known.downloads.size).toBe(0);
    expect(app.known.list[0]).toMatchObject({
      complete: true,
      network: "mine-1",
    });
  });

  it("that comes while something else is looked at waits to be asked for", async () => {
    const { app } = await start({
      known: [entry],
      download: () => Promise.resolve(sure),
    });
    await app.known.load();
    await app.arrivals.openKnown("vgg16");
    expect(app.networks.current?.id).toBe("toy");
    const [notice] = app.notices.list;
    expect(notice).toMatchObject({
      text: "Mine is downloaded.",
      action: { label: "Open" },
    });
    notice?.action?.run();
    expect(app.networks.current?.id).toBe("mine-1");
  });

  it("that is stopped keeps what has come, without a word", async () => {
    const { app } = await start({
      known: [entry],
      download: (_, { signal, progress }) =>
        new Promise((_, reject) => {
          progress(60);
          signal.addEventListener("abort", () => {
            reject(signal.reason as Error);
          });
        }),
    });
    await app.known.load();
    const opened = app.arrivals.openKnown("vgg16");
    await vi.waitFor(() => {
      expect(app.known.downloads.get("vgg16")?.progress.bytes).toBe(60);
    });
    app.known.stop("vgg16");
    expect(app.known.downloads.get("vgg16")?.stopping).toBe(true);
    await opened;
    expect(app.known.downloads.size).toBe(0);
    expect(app.known.faults.size).toBe(0);
    expect(app.known.list[0]).toMatchObject({ present: 60, complete: false });
    await app.known.remove("vgg16");
    expect(app.known.list[0]?.present).toBe(0);
  });

  it("that fails says why at its place, until it is tried again", async () => {
    let tries = 0;
    const { app } = await start({
      known: [entry],
      download: () =>
        tries++ === 0
          ? Promise.reject(new Fault("internal", "There is no connection."))
          : Promise.resolve(sure),
    });
    app.view.workspace = "network";
    await app.known.load();
    await app.arrivals.openKnown("vgg16");
    expect(app.known.faults.get("vgg16")?.message).toBe(
      "There is no connection.",
    );
    expect(app.networks.current?.id).toBe("toy");
    await app.arrivals.openKnown("vgg16");
    expect(app.known.faults.size).toBe(0);
    expect(app.networks.current?.id).toBe("mine-1");
  });

  it("that was open is open again after a restart", async () => {
    const { app } = await start({
      known: [{ ...entry, complete: true, present: 100, network: "toy-2" }],
      download: () => Promise.resolve(networkInfo({ id: "toy-2" })),
      remembered: { network: "toy-2" },
    });
    expect(app.networks.current?.id).toBe("toy-2");
    expect(app.runs.obstacle).toBeNull();
  });
});
