/** Which picture is of which class, by the folders they lie in. */
import { Fault } from "../../../shared/fault";
import { trainingLimits } from "../../../shared/training";
import { isImageName } from "../../../shared/network-files";
import type { PictureSource, SourceFile } from "./source";

export interface ClassFolders {
  /** Class by index, in the order of code units. */
  readonly labels: readonly string[];
  readonly pictures: readonly {
    readonly file: SourceFile;
    readonly label: number;
  }[];
  /** Folders around those of the classes: "caltech101/" or "". */
  readonly around: string;
  /** Pictures in no class's folder. */
  readonly stray: readonly string[];
}

const partNames = /^(train(ing)?|val(id(ation)?)?|test(ing)?)$/i;

/**
 * A folder a class, pictures in it; one folder around them all is looked through.
 * Throws a Fault `damaged-file` that says how the folder lies instead.
 */
export function classFolders(source: PictureSource): ClassFolders {
  const all = source.files.filter(({ path }) => isImageName(path));
  if (all.length === 0)
    throw layout(`${source.name} holds no pictures.`, "PNG, JPEG and WebP do.");
  const around = folderAround(all);
  const inside = all.map((file) => ({
    file,
    parts: file.path.slice(around.length).split("/"),
  }));
  const stray = inside.filter(({ parts }) => parts.length === 1);
  if (stray.length === inside.length)
    throw layout(
      `${source.name} holds pictures, but no folders of classes.`,
      "Put the pictures of each class into a folder of its own.",
    );
  const deep = inside.find(({ parts }) => parts.length > 2);
  if (deep) throw tooDeep(source.name, deep.file.path, inside);
  const found = inside.flatMap(({ file, parts: [label, name] }) =>
    label !== undefined && name !== undefined ? [{ file, label }] : [],
  );
  // the files are in order, so are the folders
  const labels = [...new Set(found.map(({ label }) => label))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  if (labels.length > trainingLimits.classes)
    throw layout(
      `${source.name} holds ${labels.length} folders of pictures.`,
      `At most ${trainingLimits.classes} classes can be told apart.`,
    );
  const index = new Map(labels.map((label, i) => [label, i]));
  return {
    labels,
    around,
    stray: stray.map(({ file }) => file.path),
    pictures: found.map(({ file, label }) => ({
      file,
      label: index.get(label) ?? 0,
    })),
  };
}

/** Throws a Fault `damaged-file` for a single class, and for a class with a single picture. */
export function checkClasses(
  name: string,
  labels: readonly string[],
  counts: readonly number[],
): void {
  const [only] = labels;
  if (labels.length === 1)
    throw layout(
      `${name} holds one class, "${only}".`,
      "A network learns to tell classes apart: it takes two or more.",
    );
  const thin = counts.findIndex((count) => count < 2);
  if (thin >= 0)
    throw layout(
      `The class "${labels[thin]}" has ${counts[thin] === 1 ? "a single picture" : "no picture that can be read"}.`,
      "Give it two or more, one to learn from and one to check with, or take its folder out.",
    );
}

/** What all paths have in common, as long as two parts stay. */
function folderAround(files: readonly SourceFile[]): string {
  let around = "";
  for (;;) {
    const first = files[0]?.path ?? "";
    const slash = first.indexOf("/", around.length);
    if (slash < 0) return around;
    const next = first.slice(0, slash + 1);
    const shared = files.every(({ path }) => path.startsWith(next));
    const isDeep = files.some(({ path }) =>
      path.slice(next.length).includes("/"),
    );
    if (!shared || !isDeep) return around;
    around = next;
  }
}

function tooDeep(
  name: string,
  path: string,
  inside: readonly { readonly parts: readonly string[] }[],
): Fault {
  const tops = [...new Set(inside.map(({ parts }) => parts[0] ?? ""))];
  const found = `${name} is not a folder of class folders: ${path} lies deeper.`;
  const parts = tops.filter((top) => partNames.test(top));
  return layout(
    found,
    parts.length > 0
      ? `It is divided into ${parts.join(", ")} already: choose ${parts[0]}, or put each class's pictures together; parts are made here.`
      : "Choose the folder in which a folder a class lies, its pictures right in it.",
  );
}

function layout(message: string, remedy: string): Fault {
  return new Fault("damaged-file", message, remedy);
}
