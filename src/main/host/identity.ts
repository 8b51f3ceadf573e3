/** What a network is kept under: its files and every answer that changes what is computed. */
import { createHash } from "node:crypto";
import type { Network } from "../../engine";
import { valuesInUse } from "../../shared/assumptions";
import type { Head, ImportReport } from "../../shared/domain";

/**
 * sha256, hex, of the files' hash and of the values in use: size, preprocessing, assumptions, output and head. A
 * default and the same value given explicitly are the same; the name of an only output says nothing.
 */
export function identityOf(
  { input, preprocessing, provenance }: Network,
  head: Head,
  { assumptions, outputs }: ImportReport,
): string {
  const output = outputs.length > 1 ? (outputs[0]?.name ?? null) : null;
  const content = {
    hash: provenance.hash,
    input,
    preprocessing: preprocessing && {
      order: preprocessing.order,
      mean: preprocessing.mean,
      std: preprocessing.std,
    },
    assumptions: Object.entries(valuesInUse(assumptions)),
    output,
    head,
  };
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}
