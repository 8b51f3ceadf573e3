/** What is in sight stays while something else is changed or opened. */
import { describe, expect, it, vi } from "vitest";
import type { AppState } from "../../../src/renderer/state/app.svelte";
import type { Method } from "../../../src/shared/domain";
import { networkInfo } from "../../support/fake-world";
import { galleryRecord, runRecord } from "../../support/records";
import { useApps } from "./start-app";

const { start } = useApps();

const relu: Method = { kind: "relu" };
const proxy = (slope: number): Method => ({ kind: "proxygrad", slope });

/** An app that shows two classes under ReLU and ProxyGrad 0.1. */
function withGallery() {
  return start({
    last: {
      gallery: galleryRecord(),
      runs: [0, 1].flatMap((row) =>
        [0, 1].map((column) =>
          runRecord({ tile: { row, column, seed: 0 }, id: `${row}${column}` }),
        ),
      ),
    },
  });
}

/** The methods of the pictures in a row of the grid; null where there is none. */
function shown(app: AppState): (Method | null)[] {
  return app.columns.list.map(
    (_, column) => app.bench.tileOf(3, column)?.place.method ?? null,
  );
}

function idAt(app: AppState, place: number): number {
  const id = app.columns.list[place]?.id;
  if (id === undefined) throw new Error(`no column ${place}`);
  return id;
}

describe("a column whose slope is edited", () => {
  it("keeps its pictures, and says what they were made with", async () => {
    const { app } = await withGallery();
    for (const slope of [0.15, 0.2, 0.25])
      app.columns.change(idAt(app, 1), proxy(slope));
    expect(app.columns.list[1]?.method).toEqual(proxy(0.25));
    expect(shown(app)).toEqual([relu, proxy(0.1)]);
    expect(app.bench.madeWith(0)).toBeNull();
    expect(app.bench.madeWith(1)).toEqual(proxy(0.1));
    // Also where one looks closer: the large view names what made the picture.
    app.selection.select({ target: 3, column: idAt(app, 1) });
    expect(app.large.chosen[0]?.method).toEqual(proxy(0.1));
    app.columns.change(idAt(app, 1), proxy(0.1));
    expect(app.bench.madeWith(1)).toBeNull();
  });

  it("keeps them as a method of another kind", async () => {
    const { app } = await withGallery();
    app.columns.changeKind(idAt(app, 0), "leaky");
    expect(shown(app)).toEqual([relu, proxy(0.1)]);
    expect(app.bench.madeWith(0)).toEqual(relu);
  });

  it("leaves them to a column that has their method", async () => {
    const { app } = await withGallery();
    app.columns.change(idAt(app, 1), proxy(0.2));
    app.columns.add(0.1);
    expect(app.columns.list[2]?.method).toEqual(proxy(0.1));
    expect(shown(app)).toEqual([relu, null, proxy(0.1)]);
  });

  it("shows the next run's once it starts, and keeps those then", async () => {
    const { app, fake } = await withGallery();
    app.columns.change(idAt(app, 1), proxy(0.2));
    app.run();
    await vi.waitFor(() => {
      expect(fake.runs).toHaveLength(1);
    });
    expect(fake.runs[0]?.request.columns.map((c) => c.method)).toEqual([
      relu,
      proxy(0.2),
    ]);
    expect(shown(app)).toEqual([relu, proxy(0.2)]);
    expect(app.bench.madeWith(1)).toBeNull();
    app.columns.change(idAt(app, 1), proxy(0.3));
    expect(shown(app)).toEqual([relu, proxy(0.2)]);
    expect(app.bench.madeWith(1)).toEqual(proxy(0.2));
  });
});

describe("a network that is opened while images are computed", () => {
  const other = networkInfo({ id: "other", name: "Other", bundled: false });
  const token = "00000000-0000-0000-0000-000000000007";

  async function running(options: Parameters<typeof start>[0] = {}) {
    const begun = await start({ opened: other, ...options });
    const { app, fake } = begun;
    app.picks.list = [3, 7];
    app.run();
    await vi.waitFor(() => {
      expect(fake.runs).toHaveLength(1);
    });
    return { ...begun, gallery: app.gallery };
  }

  it("waits until it is asked for", async () => {
    const { app, gallery } = await running();
    await app.arrivals.openNetwork({ token, name: "other.onnx" });
    expect(app.gallery).toBe(gallery);
    expect(app.networks.current?.id).toBe("toy");
    expect(app.picks.list).toEqual([3, 7]);
    expect(app.networks.knows("other")).toBe(true);
    const notice = app.notices.list.at(-1);
    expect(notice).toMatchObject({
      text: "Other is open.",
      remedy: "The run’s pictures stay in sight until you show it.",
      action: { label: "Show it" },
    });
    notice?.action?.run();
    expect(app.networks.current?.id).toBe("other");
    expect(app.gallery).toBeNull();
    // And back: the run is still going, and is shown.
    await app.session.selectNetwork("toy");
    expect(app.gallery).toBe(gallery);
    expect(app.runner.running).toBe(gallery);
  });

  it("waits too where it is opened from the list of those opened before", async () => {
    const { app, fake, gallery } = await running({
      recent: [{ token, network: "other", name: "Other", present: true }],
    });
    fake.emit({ kind: "open-recent", network: "other" });
    await vi.waitFor(() => {
      expect(app.notices.list.at(-1)?.text).toBe("Other is open.");
    });
    expect(app.gallery).toBe(gallery);
    expect(app.networks.current?.id).toBe("toy");
  });

  it("is shown at once where something else than the run is looked at", async () => {
    const { app } = await running();
    app.bench.show(null);
    await app.arrivals.openNetwork({ token, name: "other.onnx" });
    expect(app.networks.current?.id).toBe("other");
  });
});
