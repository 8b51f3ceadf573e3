import { basename } from "node:path";
import { Fault } from "../shared/fault";
import { writeWhole } from "./write-whole";

/**
 * Writes a page whole or not at all; what lay there before stays until then.
 * Rejects with a Fault that says why where it cannot be written.
 */
export async function savePage(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeWhole(path, bytes);
  } catch (error) {
    throw new Fault(
      "export-failed",
      `${basename(path)} could not be written: ${error instanceof Error ? error.message : String(error)}.`,
      "Check that the disk is not full and the folder can be written, or choose another place.",
      { cause: error },
    );
  }
}
