import { describe, expect, it } from "vitest";
import {
  LibraryView,
  type Services,
} from "../../src/renderer/workspaces/library/library-view.svelte";
import type { Undoable } from "../../src/renderer/state/undo.svelte";
import type { GallerySummary } from "../../src/shared/contract";
import { Fault } from "../../src/shared/fault";

function summary(id: string, day: number): GallerySummary {
  return {
    id,
    createdAt: `2026-03-0${day}T10:00:00.000Z`,
    network: "Toy",
    labels: ["ant"],
    methods: ["ReLU"],
    runs: 3,
    bytes: 1000,
    cover: [],
  };
}

/** A library of three, with what was told and what can be undone. */
function fakes() {
  let stored = [summary("c", 3), summary("b", 2), summary("a", 1)];
  const trash: GallerySummary[] = [];
  const told: unknown[] = [];
  const undoable: Undoable[] = [];
  const forgotten: string[] = [];
  const state = { refuse: false, ran: 0, opened: "" };
  const fake = {
    engine: {
      state: "ready",
      client: {
        call: (name: string, { gallery }: { gallery?: string }) => {
          if (state.refuse)
            return Promise.reject(
              new Fault(
                "invalid-request",
                "This gallery is still being computed.",
              ),
            );
          if (name === "library.list") return Promise.resolve(stored);
          if (name === "library.delete") {
            trash.push(...stored.filter((one) => one.id === gallery));
            stored = stored.filter((one) => one.id !== gallery);
          }
          if (name === "library.restore")
            stored = [...stored, ...trash.filter((one) => one.id === gallery)];
          return Promise.resolve({});
        },
      },
    },
    notices: { error: (error: unknown) => told.push(error) },
    undo: { push: (one: Undoable) => undoable.push(one) },
    forgetGallery: (id: string) => forgotten.push(id),
    openGallery: (id: string) => {
      if (!state.refuse) state.opened = id;
      return Promise.resolve();
    },
    get gallery() {
      return { id: state.opened };
    },
    run: () => state.ran++,
  };
  return {
    // Only what the library calls is there.
    view: new LibraryView(fake as unknown as Services),
    told,
    undoable,
    forgotten,
    state,
  };
}
function ids(view: LibraryView) {
  return view.shown.map((gallery) => gallery.id).join("");
}

describe("LibraryView", () => {
  it("lists, filters and counts", async () => {
    const { view } = fakes();
    expect(view.listed).toBe(false);
    await view.load();
    expect(view.listed).toBe(true);
    expect([ids(view), view.runs, view.bytes]).toEqual(["cba", 9, 3000]);
    view.change({ text: "zebra" });
    expect(ids(view)).toBe("");
    view.showAll();
    view.order = "oldest";
    expect(ids(view)).toBe("abc");
  });

  it("deletes, makes the neighbour the active one, and takes it back", async () => {
    const { view, undoable, forgotten } = fakes();
    await view.load();
    const [, second] = view.shown;
    if (!second) throw new Error("three galleries");
    await view.remove(second);
    expect(ids(view)).toBe("ca");
    expect(view.active).toBe("a");
    expect(forgotten).toEqual(["b"]);
    expect(undoable.map((one) => one.label)).toEqual([
      "Deleted a gallery of 3 pictures",
    ]);
    await undoable[0]?.undo();
    expect(ids(view)).toBe("cba");
    expect(view.active).toBe("b");
  });

  it("keeps a gallery that the host will not delete, and says why", async () => {
    const { view, told, undoable, state } = fakes();
    await view.load();
    state.refuse = true;
    const [first] = view.shown;
    if (first) await view.remove(first);
    expect(ids(view)).toBe("cba");
    expect(undoable).toEqual([]);
    expect(told).toMatchObject([
      { message: "This gallery is still being computed." },
    ]);
  });

  it("says when the list cannot be read, and keeps the old one", async () => {
    const { view, state } = fakes();
    await view.load();
    state.refuse = true;
    await view.load();
    expect(view.fault?.code).toBe("invalid-request");
    expect(ids(view)).toBe("cba");
  });

  it("runs a gallery again only where it could be opened", async () => {
    const { view, state } = fakes();
    await view.runAgain("b");
    expect([state.opened, state.ran]).toEqual(["b", 1]);
    state.refuse = true;
    await view.runAgain("c");
    expect(state.ran).toBe(1);
  });
});
