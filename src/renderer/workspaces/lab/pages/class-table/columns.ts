/** The class table's numbers, for copying and files. */
import type { Head } from "../../../../../shared/domain";
import { hasProbability, hasTop1 } from "../../../../../shared/head";
import {
  classScore,
  compareClassRows,
} from "../../../../../shared/lab/class-scores";
import type { ClassRow } from "../../../../../shared/lab/class-table";
import { nameRowTarget } from "../../../../../shared/lab/targets";
import type { TableColumn } from "../../../../lib/table";

/** `unit`: what a row is called; `relu`: ReLU's rows by target. */
export function classColumns(
  unit: string,
  head: Head,
  relu: ReadonlyMap<string, ClassRow>,
): readonly TableColumn<ClassRow>[] {
  const differenceOf = (row: ClassRow) => {
    const base = relu.get(nameRowTarget(row));
    return base && row.method !== "relu" ? compareClassRows(row, base) : null;
  };
  const whole = (title: string, value: (row: ClassRow) => number) => ({
    title,
    value,
    show: (row: ClassRow) => String(value(row)),
  });
  return [
    { title: unit, value: (row) => row.label, kind: "text" },
    whole("index", (row) => row.target),
    { title: "method", value: (row) => row.method, kind: "text" },
    whole("slope", (row) => row.slope),
    { title: "state", value: (row) => row.state, kind: "text" },
    whole("steps", (row) => row.step),
    { title: "score", value: (row) => classScore(row).value },
    { title: "± score", value: (row) => classScore(row).std },
    whole("over steps", (row) => classScore(row).steps),
    { title: "− ReLU", value: (row) => differenceOf(row)?.value ?? null },
    { title: "± difference", value: (row) => differenceOf(row)?.std ?? null },
    {
      title: "includes 0",
      value: (row) => {
        const difference = differenceOf(row);
        return difference?.std == null ? null : difference.unclear;
      },
      kind: "text",
    },
    { title: "last step's score", value: (row) => row.score },
    ...(hasTop1(head)
      ? [
          {
            title: "top-1",
            value: (row: ClassRow) => row.top1,
            kind: "text",
          } as const,
        ]
      : []),
    ...(hasProbability(head)
      ? [
          {
            title: "probability",
            value: (row: ClassRow) => row.probability,
          } as const,
        ]
      : []),
    { title: "deviation", value: (row) => row.imageStd },
    { title: "at the edge", value: (row) => row.edge },
    { title: "roughness", value: (row) => row.variation },
  ];
}
