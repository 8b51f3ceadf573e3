import type { ExportFormat } from "../shared/domain";

export type ExportTarget =
  | { readonly kind: "folder"; readonly title: string }
  | {
      readonly kind: "file";
      readonly title: string;
      readonly name: string;
      readonly extension: string;
    };

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

function file(title: string, name: string, extension: string): ExportTarget {
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
