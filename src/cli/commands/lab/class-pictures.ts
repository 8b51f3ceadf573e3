/** The class table's pictures as files: the last ones, and those kept on the way. */
import { join } from "node:path";
import { encodePng } from "../../../main/host/export/encode";
import { safeLabel } from "../../../main/host/export/names";
import { makeFolder, replaceFile } from "../../../main/host/folder";
import { writeNpy } from "../../../main/host/npy";
import { pictureKey, type ClassRow } from "../../../shared/lab/class-table";
import { nameRowTarget } from "../../../shared/lab/targets";
import { toPicture } from "../../../shared/pictures";
import type { Values } from "../../command";
import type { LabOutcome } from "./front";

/**
 * `<label>-<target>-<method>-<slope>-step<n>.png`, under the contrast rule of three standard deviations, and
 * `.npy` with the values themselves. Nothing without --out.
 */
export async function writeClassPictures(
  { rows, picture }: LabOutcome<ClassRow>,
  values: Values,
): Promise<void> {
  const out = values.one("out");
  if (out === undefined) return;
  await makeFolder(out);
  for (const { key, row } of rows) {
    const { label, minimise, method, slope, step } = row;
    const stem = [
      safeLabel(minimise ? label.replace(/^−/, "") : label),
      nameRowTarget(row),
      method,
      ...(method === "relu" ? [] : [slope]),
    ].join("-");
    const kept = row.pictures
      .filter((at) => at < step)
      .map((at) => ({ at, key: pictureKey(key, at) }));
    for (const one of [...kept, { at: step, key }]) {
      const found = await picture(one.key);
      if (!found) continue;
      const { shape, values: pixels } = found;
      const path = join(out, `${stem}-step${one.at}`);
      await replaceFile(`${path}.npy`, writeNpy(shape, pixels));
      await replaceFile(
        `${path}.png`,
        await encodePng(toPicture(shape, pixels), "sigma"),
      );
    }
  }
}
