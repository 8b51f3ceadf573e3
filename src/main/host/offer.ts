/** Whether what was answered for one network says anything about another of the same architecture. */
import type { Network } from "../../engine";
import { valuesInUse } from "../../shared/assumptions";
import type { ImportReport, SavedAnswers } from "../../shared/domain";
import { isSame } from "../../shared/presets";
import { confirmed } from "./how-to-read";

/** Only where something is guessed or assumed, and the answers would change something. */
export function isWorthOffering(
  offered: SavedAnswers,
  { input, preprocessing }: Network,
  report: ImportReport,
): boolean {
  const isOpen =
    Object.values(report.from).includes("guess") ||
    report.headFrom === "assumed" ||
    report.assumptions.some(
      ({ from }) => from === "assumed" || from === "evidence",
    );
  if (!isOpen) return false;
  const said = confirmed(offered);
  const { labels } = report.answers;
  const inUse = valuesInUse(report.assumptions);
  return (
    (said.size
      ? said.size[0] !== input[0] || said.size[1] !== input[1]
      : false) ||
    (said.preprocessing !== undefined &&
      !isSamePreprocessing(
        offered.answers.preprocessing,
        preprocessing,
        input[2],
      )) ||
    (said.labels !== undefined &&
      JSON.stringify(said.labels) !== JSON.stringify(labels)) ||
    Object.entries(said.assumptions ?? {}).some(
      ([key, value]) => key in inUse && inUse[key] !== value,
    ) ||
    ((said.output ?? null) !== null &&
      said.output !== report.outputs[0]?.name) ||
    ((said.head ?? null) !== null && report.headFrom === "assumed")
  );
}

function isSamePreprocessing(
  a: SavedAnswers["answers"]["preprocessing"],
  b: SavedAnswers["answers"]["preprocessing"],
  channels: number,
): boolean {
  return a === null || b === null ? a === b : isSame(a, b, channels);
}
