/** What an export format is; index.ts holds the table of them. */
import { basename } from "node:path";
import type { Contrast } from "../../../shared/domain";
import type { GallerySource } from "./source";
import type { Stage } from "./stage";

export interface ExportJob {
  readonly source: GallerySource;
  readonly contrast: Contrast;
  /** The chosen file or folder. */
  readonly out: string;
}

export interface WriteOptions {
  /** Honoured between tiles: throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Tiles done; their number is the total. */
  readonly progress: (done: number) => void;
}

export interface ExportFormatWriter {
  /** Whether the user chooses a file or a folder. */
  readonly kind: "file" | "folder";
  /** Every file it may write, relative and with "/"; one that is `kind: "file"` writes {@link onlyFile}. */
  files(job: ExportJob): readonly string[];
  /** Refuses a place by throwing `export-failed`, before anything is written. */
  check?(job: ExportJob): Promise<void>;
  /** Writes those files, and no others, into the stage. */
  write(job: ExportJob, stage: Stage, options: WriteOptions): Promise<void>;
}

/** The file a format that is `kind: "file"` writes. */
export function onlyFile(job: ExportJob): string {
  return basename(job.out);
}
