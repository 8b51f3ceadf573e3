/** State that is kept longer than the component that asked for it first stays alive. */
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { Gallery } from "../../src/renderer/state/gallery.svelte";
import { lasting } from "../../src/renderer/state/lasting.svelte";
import { libraryOf } from "../../src/renderer/workspaces/library/library-view.svelte";
import type { AppState } from "../../src/renderer/state/app.svelte";
import type { GallerySummary } from "../../src/shared/contract";
import { readSources, scriptsOf, type Sources } from "../support/imports";
import { galleryRecord, runRecord } from "../support/records";
import { visit } from "./visit.svelte";

function summary(id: string): GallerySummary {
  return {
    id,
    createdAt: "2026-03-01T10:00:00.000Z",
    network: "Toy",
    labels: ["ant"],
    methods: ["ReLU"],
    runs: 3,
    bytes: 1000,
    cover: [],
  };
}

describe("state of which a component asked first", () => {
  it("the library goes on when its first visit is over", () => {
    // Only its identity counts until something is asked of the engine.
    const app = {} as AppState;
    const library = visit(
      () => libraryOf(app),
      (view) => [
        view.shown,
        view.networks,
        view.methods,
        view.runs,
        view.bytes,
      ],
    );
    library.galleries = [summary("a"), summary("b")];
    expect(library.shown.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(library.networks).toEqual(["Toy"]);
    expect(library.methods).toEqual(["ReLU"]);
    expect([library.runs, library.bytes]).toEqual([6, 2000]);
    // A second visit finds the same one, and follows it.
    const seen: number[] = [];
    const again = visit(
      () => {
        library.change({ text: "zebra" });
        return libraryOf(app);
      },
      (view) => seen.push(view.shown.length),
    );
    expect(again).toBe(library);
    expect(seen).toEqual([0]);
    library.showAll();
    expect(library.shown).toHaveLength(2);
  });

  it("a gallery goes on showing its best seed", () => {
    const record = galleryRecord();
    const gallery = visit(
      () => new Gallery({ ...record.request, seeds: 2 }, record.labels),
      ({ places }) => places.map((row) => row.map((p) => [p.shown, p.courses])),
    );
    const better = gallery.at({ row: 0, column: 0, seed: 1 });
    better?.settle(runRecord());
    expect(gallery.places[0]?.[0]?.courses).toHaveLength(1);
    expect(gallery.places[0]?.[0]?.shown).toBe(better);
  });

  it("gives back what was made, and throws what making it threw", () => {
    expect(lasting(() => 7)).toBe(7);
    expect(() =>
      lasting(() => {
        throw new RangeError("no");
      }),
    ).toThrow("no");
  });
});

/** Lines that make something with a `$derived` on demand, outside `lasting`. */
function shortLived(sources: Sources): string[] {
  const files = [...sources].map(([path, text]) => ({
    path,
    file: ts.createSourceFile(
      path,
      path.endsWith(".svelte") ? scriptsOf(text) : text,
      ts.ScriptTarget.Latest,
      true,
    ),
  }));
  const each = (node: ts.Node, see: (node: ts.Node) => void): void => {
    see(node);
    ts.forEachChild(node, (child) => {
      each(child, see);
    });
  };
  const isDerived = (node: ts.Node) =>
    ts.isCallExpression(node) &&
    /^\$derived(\.by)?$/.test(node.expression.getText());
  const inLasting = (node: ts.Node): boolean =>
    ts.findAncestor(
      node,
      (up) => ts.isCallExpression(up) && up.expression.getText() === "lasting",
    ) !== undefined;
  /** The class whose field or constructor this is in, where nothing comes between that runs later. */
  const owner = (node: ts.Node): string | undefined => {
    const up = ts.findAncestor(
      node.parent,
      (up) => ts.isFunctionLike(up) || ts.isPropertyDeclaration(up),
    );
    return up &&
      (ts.isConstructorDeclaration(up) || ts.isPropertyDeclaration(up))
      ? up.parent.name?.text
      : undefined;
  };

  const holders = new Set<string>();
  for (let before = -1; before < holders.size;) {
    before = holders.size;
    for (const { file } of files)
      each(file, (node) => {
        const makes =
          isDerived(node) ||
          (ts.isNewExpression(node) &&
            holders.has(node.expression.getText()) &&
            !inLasting(node));
        const name = makes ? owner(node) : undefined;
        if (name !== undefined) holders.add(name);
      });
  }

  return files.flatMap(({ path, file }) => {
    // What a component makes for itself goes with it, and main.ts makes what is there before every component.
    if (path.endsWith(".svelte") || path === "src/renderer/main.ts") return [];
    const found: string[] = [];
    each(file, (node) => {
      const makes =
        isDerived(node) ||
        (ts.isNewExpression(node) && holders.has(node.expression.getText()));
      if (makes && owner(node) === undefined && !inLasting(node)) {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart());
        found.push(`${path}:${line + 1} ${node.getText().split("\n")[0]}`);
      }
    });
    return found;
  });
}

describe("whatever holds a $derived", () => {
  const sources = readSources(
    join(import.meta.dirname, "../.."),
    "src/renderer",
  );

  it("is made with the app, by its component, or is lasting", () => {
    expect(shortLived(sources)).toEqual([]);
  });

  it.each([
    ["const view = () => new LibraryView(app);", "1 new LibraryView(app)"],
    // The bench has a field that holds one.
    [
      "\nexport function f() {\n  return new Bench(a, b);\n}",
      "3 new Bench(a, b)",
    ],
    ["export const f = () => $derived(1);", "1 $derived(1)"],
    ["class A {\n  m() { return new Place([]); }\n}", "2 new Place([])"],
  ])("is found: %s", (text, line) => {
    const path = "src/renderer/state/x.svelte.ts";
    expect(shortLived(new Map([...sources, [path, text]]))).toEqual([
      `${path}:${line}`,
    ]);
  });
});
