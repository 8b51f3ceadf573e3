import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import {
  app,
  dialog,
  type BrowserWindow,
  type SaveDialogOptions,
} from "electron";
import type { PageFormat } from "../shared/contract";
import type { ExportFormat } from "../shared/domain";
import {
  labelExtensions,
  networkExtensions,
  pictureExtensions,
} from "../shared/network-files";
import {
  exportTarget,
  fileName,
  pageTarget,
  type FileTarget,
} from "./export-target";

/** A path the user chose; undefined: the user thought better of it. */
type Choice = Promise<string | undefined>;

export async function chooseNetwork(
  window: BrowserWindow,
  what: "file" | "folder",
): Choice {
  const { filePaths } = await dialog.showOpenDialog(
    window,
    what === "file"
      ? {
          title: "Open network",
          properties: ["openFile"],
          filters: [
            { name: "Networks", extensions: [...networkExtensions] },
            { name: "All files", extensions: ["*"] },
          ],
        }
      : { title: "Open network folder", properties: ["openDirectory"] },
  );
  return filePaths[0];
}

/** Files that are chosen one at a time, besides networks. */
const fileChoices = {
  picture: ["Choose a picture", "Pictures", pictureExtensions],
  labels: ["Choose the names of the classes", "Names", labelExtensions],
  archive: ["Choose an archive of class folders", "Archives", ["tar"]],
  "test-names": ["Choose the names of the test part", "Names", ["json"]],
} as const;

export async function chooseFile(
  window: BrowserWindow,
  what: keyof typeof fileChoices,
): Choice {
  const [title, name, extensions] = fileChoices[what];
  const { filePaths } = await dialog.showOpenDialog(window, {
    title,
    properties: ["openFile"],
    filters: [
      { name, extensions: [...extensions] },
      { name: "All files", extensions: ["*"] },
    ],
  });
  return filePaths[0];
}

export async function chooseGallery(window: BrowserWindow): Choice {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: "Open gallery",
    buttonLabel: "Open",
    properties: ["openDirectory"],
  });
  return filePaths[0];
}

export async function chooseExport(
  window: BrowserWindow,
  format: ExportFormat,
  suggestion: string,
): Choice {
  const target = exportTarget(format);
  if (target.kind === "folder") {
    const { filePaths } = await dialog.showOpenDialog(window, {
      title: target.title,
      buttonLabel: "Export here",
      properties: ["openDirectory", "createDirectory"],
    });
    return filePaths[0];
  }
  return (await chooseFileToWrite(window, target, suggestion))?.path;
}

/** Where a page of the Lab, or one of its tables, is to be written; a file that is there is replaced after a yes. */
export async function choosePage(
  window: BrowserWindow,
  format: PageFormat,
  suggestion: string,
): Choice {
  const chosen = await chooseFileToWrite(
    window,
    pageTarget(format),
    suggestion,
    // Linux asks only where it is told to
    ["showOverwriteConfirmation"],
  );
  if (!chosen) return undefined;
  const { path, completed } = chosen;
  // the dialog asked about the name as it was typed
  return completed && existsSync(path) && !(await mayReplace(window, path))
    ? undefined
    : path;
}

/** The path, and whether an extension was added to what was typed. */
async function chooseFileToWrite(
  window: BrowserWindow,
  { title, name, extension }: FileTarget,
  suggestion: string,
  properties: SaveDialogOptions["properties"] = [],
): Promise<{ path: string; completed: boolean } | undefined> {
  const { filePath } = await dialog.showSaveDialog(window, {
    title,
    buttonLabel: "Export",
    defaultPath: join(
      app.getPath("documents"),
      `${fileName(suggestion)}.${extension}`,
    ),
    filters: [{ name, extensions: [extension] }],
    properties,
  });
  if (!filePath) return undefined;
  const completed = !basename(filePath).includes(".");
  const path = completed ? `${filePath}.${extension}` : filePath;
  return { path, completed };
}

async function mayReplace(
  window: BrowserWindow,
  path: string,
): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: "question",
    message: `"${basename(path)}" is there already. Replace it?`,
    buttons: ["Cancel", "Replace"],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
  return response === 1;
}

/** A folder of pictures, or of class folders with pictures. */
export async function choosePictures(
  window: BrowserWindow,
  what: "pictures" | "training",
): Choice {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title:
      what === "pictures"
        ? "Folder with pictures"
        : "Folder with a folder of pictures for each class",
    buttonLabel: "Use this folder",
    properties: ["openDirectory"],
  });
  return filePaths[0];
}

export async function chooseLibraryFolder(window: BrowserWindow): Choice {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: "Folder for the library",
    buttonLabel: "Use this folder",
    properties: ["openDirectory", "createDirectory"],
  });
  return filePaths[0];
}

/** True: close, and give up what is going on. */
export async function confirmClose(
  window: BrowserWindow,
  what: string,
): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: "question",
    message: "Close Proxima now?",
    detail: `${what}\nFinished pictures are kept.`,
    buttons: ["Keep it open", "Close"],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
  return response === 1;
}

/** True: load the window again; false: quit. */
export async function confirmReload(window: BrowserWindow): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: "error",
    message: "The window has crashed.",
    detail: "Finished pictures are kept.",
    buttons: ["Load it again", "Quit"],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
  return response === 0;
}

export async function tell(
  window: BrowserWindow,
  message: string,
  detail = "",
): Promise<void> {
  await dialog.showMessageBox(window, {
    type: "warning",
    message,
    detail,
    buttons: ["Continue"],
    noLink: true,
  });
}
