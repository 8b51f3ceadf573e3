import type { PageFormat } from "../shared/contract";
import type { ExportFormat } from "../shared/domain";

export interface FileTarget {
  readonly kind: "file";
  readonly title: string;
  readonly name: string;
  readonly extension: string;
}
export type ExportTarget =
  { readonly kind: "folder"; readonly title: string } | FileTarget;

/** One file, or a folder for many. */
export function exportTarget(format: ExportFormat): ExportTarget {
  switch (format) {
    case "png":
      return { kind: "folder", title: "Folder for the PNG pictures" };
    case "npy":
      return { kind: "folder", title: "Folder for the .npy files" };
    case "records":
      return { kind: "folder", title: "Folder for the records" };
    case "sheet":
      return file("Export the contact sheet", "PNG picture", "png");
    case "html":
      return file("Export the HTML page", "HTML page", "html");
    case "csv":
      return file("Export the scores", "CSV table", "csv");
  }
}

/** A page of the Lab, or one of its tables. */
export function pageTarget(format: PageFormat): FileTarget {
  switch (format) {
    case "html":
      return file("Export the page", "HTML page", "html");
    case "json":
      return file("Export the page's data", "JSON", "json");
    case "csv":
      return file("Save the table", "CSV table", "csv");
  }
}

function file(title: string, name: string, extension: string): FileTarget {
  return { kind: "file", title, name, extension };
}

/** A suggestion of the window as a plain file name, for every system: no folders, no device names, no hidden file. */
export function fileName(suggestion: string): string {
  const plain = suggestion
    // Control characters are among what no file system takes.
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u001f<>:"/\\|?*]+/g, "-")
    .replace(/^[.\s-]+|[.\s-]+$/g, "")
    .slice(0, 120);
  return plain === "" ? "proxima" : plain;
}
