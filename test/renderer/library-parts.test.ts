import { describe, expect, it } from "vitest";
import {
  arrange,
  choicesOf,
  coverColumns,
  dateOf,
  everything,
  isFiltering,
  titleOf,
} from "../../src/renderer/workspaces/library/filter";
import { Lane } from "../../src/renderer/workspaces/library/lane";
import type { GallerySummary } from "../../src/shared/contract";

function summary(id: string, more: Partial<GallerySummary> = {}) {
  return {
    id,
    createdAt: "2026-03-01T10:00:00.000Z",
    network: "SqueezeNet 1.1",
    labels: ["pelican", "analog clock"],
    methods: ["ReLU", "ProxyGrad 0.1"],
    runs: 4,
    bytes: 1000,
    cover: [],
    ...more,
  };
}
const galleries: GallerySummary[] = [
  summary("a", { createdAt: "2026-03-02T00:00:00.000Z", bytes: 10 }),
  summary("b", { labels: ["pool table"], runs: 9 }),
  summary("c", {
    createdAt: "2026-03-03T00:00:00.000Z",
    network: "ResNet-18",
    methods: ["ReLU", "Leaky ReLU 0.1"],
  }),
];
function ids(list: readonly GallerySummary[]) {
  return list.map((gallery) => gallery.id).join("");
}

describe("the library's filter", () => {
  it("finds words anywhere, all of them, in any case", () => {
    const find = (text: string) =>
      ids(arrange(galleries, { ...everything, text }, "newest"));
    expect(find("")).toBe("cab");
    expect(find("PELICAN")).toBe("ca");
    expect(find("clock squeeze")).toBe("a");
    expect(find("proxygrad table")).toBe("b");
    expect(find("pelican zebra")).toBe("");
  });

  it("goes by network and by method", () => {
    expect(
      ids(
        arrange(galleries, { ...everything, network: "ResNet-18" }, "newest"),
      ),
    ).toBe("c");
    expect(
      ids(
        arrange(
          galleries,
          { ...everything, method: "ProxyGrad 0.1" },
          "oldest",
        ),
      ),
    ).toBe("ba");
  });

  it("sorts, equal ones newest first", () => {
    const sorted = (order: Parameters<typeof arrange>[2]) =>
      ids(arrange(galleries, everything, order));
    expect(sorted("newest")).toBe("cab");
    expect(sorted("oldest")).toBe("bac");
    expect(sorted("network")).toBe("cab");
    expect(sorted("pictures")).toBe("bca");
    expect(sorted("size")).toBe("cba");
  });

  it("offers each value once", () => {
    expect(choicesOf(galleries, (gallery) => gallery.methods)).toEqual([
      "Leaky ReLU 0.1",
      "ProxyGrad 0.1",
      "ReLU",
    ]);
  });

  it("knows whether it does anything", () => {
    expect(isFiltering(everything)).toBe(false);
    expect(isFiltering({ ...everything, text: "  " })).toBe(false);
    expect(isFiltering({ ...everything, method: "ReLU" })).toBe(true);
  });
});

describe("words of a card", () => {
  it("names three classes and counts the rest", () => {
    expect(titleOf(summary("a"))).toBe("pelican, analog clock");
    expect(titleOf(summary("a", { labels: ["a", "b", "c", "d", "e"] }))).toBe(
      "a, b, c +2",
    );
    expect(titleOf(summary("a", { labels: [] }))).toBe("a");
  });

  it("tells days as people do", () => {
    const now = new Date(2026, 2, 5, 0, 30);
    const at = (...time: [number, number, number, number, number]) =>
      dateOf(new Date(...time).toISOString(), now);
    expect(at(2026, 2, 5, 0, 7)).toBe("today, 0:07");
    expect(at(2026, 2, 4, 23, 59)).toBe("yesterday, 23:59");
    expect(at(2026, 2, 3, 23, 59)).toBe("3 Mar 2026, 23:59");
    expect(dateOf("nonsense", now)).toBe("nonsense");
  });

  it("lays out one to six pictures", () => {
    expect([1, 2, 3, 4, 5, 6].map(coverColumns)).toEqual([1, 2, 3, 2, 3, 3]);
  });
});

describe("Lane", () => {
  function gate() {
    let open = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    return { open, opened };
  }

  it("lets so many go at a time, in order", async () => {
    const lane = new Lane(2);
    const { signal } = new AbortController();
    const gates = [gate(), gate(), gate()];
    const started: number[] = [];
    const runs = gates.map(({ opened }, i) =>
      lane.run(
        async () => {
          started.push(i);
          await opened;
          return i;
        },
        { signal },
      ),
    );
    await Promise.resolve();
    expect(started).toEqual([0, 1]);
    gates[1]?.open();
    expect(await runs[1]).toBe(1);
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);
    gates[0]?.open();
    gates[2]?.open();
    expect(await Promise.all(runs)).toEqual([0, 1, 2]);
  });

  it("skips what was given up while it waited", async () => {
    const lane = new Lane(1);
    const first = gate();
    const abort = new AbortController();
    const patient = new AbortController().signal;
    let ran = false;
    const running = lane.run(() => first.opened, { signal: patient });
    const given = lane.run(
      () => {
        ran = true;
        return Promise.resolve();
      },
      { signal: abort.signal },
    );
    const last = lane.run(() => Promise.resolve("last"), { signal: patient });
    abort.abort(new Error("scrolled away"));
    first.open();
    await running;
    await expect(given).rejects.toThrow("scrolled away");
    expect(await last).toBe("last");
    expect(ran).toBe(false);
  });

  it("goes on after a failure", async () => {
    const lane = new Lane(1);
    const { signal } = new AbortController();
    await expect(
      lane.run(() => Promise.reject(new Error("damaged")), { signal }),
    ).rejects.toThrow("damaged");
    expect(await lane.run(() => Promise.resolve(7), { signal })).toBe(7);
  });
});
