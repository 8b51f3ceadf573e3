/** Reads the import graph of the source tree, types included. Paths are relative to the root, with "/". */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";

/** Path -> text of every source file. */
export type Sources = ReadonlyMap<string, string>;

export interface Import {
  readonly from: string;
  readonly line: number;
  /** A path of the sources ("src/shared/port.ts"), or a module's name as it is written ("node:fs"). */
  readonly to: string;
  readonly kind: "file" | "module" | "missing";
  /** `import type`, `export type` and import types: nothing is loaded. */
  readonly typeOnly: boolean;
}

const sourceFile = /\.(ts|svelte|mjs|cjs|js)$/;

export function readSources(root: string, folder: string): Sources {
  const files = readdirSync(join(root, folder), {
    recursive: true,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile() && sourceFile.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    files.map((file) => [
      posix.relative(root, file),
      readFileSync(file, "utf8"),
    ]),
  );
}

/** Of all files, or of some of them. */
export function importsOf(sources: Sources, files = sources): Import[] {
  return [...files].flatMap(([from, text]) =>
    specifiers(from, text).map(({ specifier, ...place }) => ({
      from,
      ...place,
      ...resolve(sources, from, specifier),
    })),
  );
}

interface Specifier {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

/** Every way a file can name another: import and export from, import(), require(), import types. */
function specifiers(path: string, text: string): Specifier[] {
  const script = path.endsWith(".svelte") ? scriptsOf(text) : text;
  const file = ts.createSourceFile(path, script, ts.ScriptTarget.Latest, true);
  const found: Specifier[] = [];
  const add = (node: ts.Node | undefined, typeOnly = false) => {
    if (!node || !ts.isStringLiteralLike(node)) return;
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    found.push({ specifier: node.text, line: line + 1, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(
        node.moduleSpecifier,
        node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword,
      );
    else if (ts.isExportDeclaration(node))
      add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isExternalModuleReference(node)) add(node.expression);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && namesModule(node.expression))
      add(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function namesModule(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  const text = callee.getText();
  return text === "require" || text === "require.resolve";
}

/** The scripts of a Svelte component on their own lines; everything else is blanked. */
export function scriptsOf(text: string): string {
  const blank = (part: string) => part.replace(/[^\n]/g, " ");
  let out = "";
  let end = 0;
  for (const match of text.matchAll(/(<script\b[^>]*>)([\s\S]*?)<\/script>/g)) {
    const [whole, open = "", body = ""] = match;
    out += blank(text.slice(end, match.index) + open) + body;
    end = match.index + whole.length - "</script>".length;
  }
  return out;
}

function resolve(
  sources: Sources,
  from: string,
  specifier: string,
): Pick<Import, "to" | "kind"> {
  // what the bundler adds after "?" is not part of the name
  const [name = ""] = specifier.split("?");
  if (!name.startsWith(".")) return { to: name, kind: "module" };
  const path = posix.join(posix.dirname(from), name);
  const found = [
    path,
    `${path}.ts`,
    `${path}.svelte.ts`,
    `${path}/index.ts`,
  ].find((candidate) => sources.has(candidate));
  if (found) return { to: found, kind: "file" };
  // styles, pictures and the like are no part of the graph, but stay where they are
  return /\.\w+$/.test(path) && !sourceFile.test(path)
    ? { to: path, kind: "file" }
    : { to: path, kind: "missing" };
}

/** Each cycle once, from its first file in alphabetical order. */
export function findCycles(imports: readonly Import[]): string[][] {
  const edges = new Map<string, string[]>();
  for (const { from, to, kind } of imports) {
    if (kind !== "file") continue;
    edges.set(from, [...(edges.get(from) ?? []), to]);
  }
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push([...trail.slice(start), path]);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of [...edges.keys()].sort()) visit(path, []);
  return cycles;
}
