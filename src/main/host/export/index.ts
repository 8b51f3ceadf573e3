/** Writes a gallery, or chosen tiles of it, in one of the export formats. */
import { dirname, resolve } from "node:path";
import type { Contrast, ExportFormat } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import { codeOf, writeFault } from "../folder";
import { csv } from "./csv";
import type { ExportFormatWriter, ExportJob } from "./format";
import { html } from "./html";
import { npy } from "./npy";
import { png } from "./png";
import { records } from "./records";
import { sheet } from "./sheet";
import { openGallery } from "./source";
import { kindOf, Stage, takenNames } from "./stage";

/** A new format is a file beside this one, a line here and a name in shared/domain.ts. */
const formats: Readonly<Record<ExportFormat, ExportFormatWriter>> = {
  png,
  sheet,
  html,
  records,
  csv,
  npy,
};

export interface ExportRequest {
  /** The gallery's folder. */
  readonly folder: string;
  /** Ids of the runs; null is all of them. */
  readonly runs: readonly string[] | null;
  readonly format: ExportFormat;
  readonly contrast: Contrast;
  /** A file (sheet, html, csv) in a folder that is there, or a folder (png, records, npy), made where it is not. */
  readonly out: string;
  /** Whether files that are there may be replaced. */
  readonly overwrite: boolean;
}

export interface ExportOptions {
  readonly signal: AbortSignal;
  /** Tiles done; at most ten times a second, and for the last one. */
  readonly progress?: (progress: { done: number; total: number }) => void;
}

export type ExportOutcome =
  /** `left`: a sentence for every run that is not in it. */
  | {
      outcome: "written";
      files: number;
      bytes: number;
      left: readonly string[];
    }
  /** Nothing was written; the first 20 names that are taken. */
  | { outcome: "exists"; files: string[] }
  | { outcome: "cancelled" };

/** Whether a format's `out` is a file or a folder. */
export function exportKind(format: ExportFormat): "file" | "folder" {
  return formats[format].kind;
}

/**
 * Exports all of it or nothing: files appear in their place once the last one is complete.
 * Throws `export-failed` (what cannot be written, and why), `damaged-file`, `invalid-request`.
 */
export async function exportGallery(
  request: ExportRequest,
  { signal, progress = () => {} }: ExportOptions,
): Promise<ExportOutcome> {
  const { contrast, overwrite } = request;
  const format = formats[request.format];
  const out = resolve(request.out);
  const base = format.kind === "file" ? dirname(out) : out;
  let stage: Stage | undefined;
  try {
    signal.throwIfAborted();
    const source = await openGallery(request.folder, request.runs, {
      signal,
      withImages: request.format !== "csv",
    });
    const job: ExportJob = { source, contrast, out };
    await checkPlace(out, format.kind);
    await format.check?.(job);
    if (!overwrite) {
      const files = await takenNames(base, format.files(job));
      if (files.length > 0) return { outcome: "exists", files };
    }

    stage = await Stage.create(base);
    const total = source.tiles.length;
    await format.write(job, stage, {
      signal,
      progress: tenASecond((done) => progress({ done, total }), total),
    });
    signal.throwIfAborted();
    const result = await stage.commit(overwrite);
    return "taken" in result
      ? { outcome: "exists", files: result.taken }
      : { outcome: "written", ...result, left: source.left };
  } catch (error) {
    if (signal.aborted && error === signal.reason)
      return { outcome: "cancelled" };
    throw asFault(error, out);
  } finally {
    await stage?.discard();
  }
}

/** A file's folder must be there: a mistyped path should not make one. */
async function checkPlace(out: string, kind: "file" | "folder"): Promise<void> {
  const found = await kindOf(out);
  if (kind === "file" && found === "nothing") {
    if ((await kindOf(dirname(out))) === "nothing")
      throw writeFault(systemError("ENOENT"), out);
  } else if (found !== "nothing" && found !== kind)
    throw writeFault(systemError(found === "file" ? "EEXIST" : "EISDIR"), out);
}

function tenASecond(
  report: (done: number) => void,
  total: number,
): (done: number) => void {
  let last = -Infinity;
  return (done) => {
    const now = performance.now();
    if (done < total && now - last < 100) return;
    last = now;
    report(done);
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Errors of the system are about the place; any other is a defect and stays what it is. */
function asFault(error: unknown, out: string): unknown {
  return error instanceof Fault || codeOf(error) === ""
    ? error
    : writeFault(error, out);
}
