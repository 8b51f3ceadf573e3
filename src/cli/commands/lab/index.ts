/** The Lab on the command line. An experiment's command is a file here and a line in this table. */
import type { Command } from "../../command";
import { classTable } from "./class-table";
import { backward } from "./backward";
import { batchNormInputs } from "./batch-norm-inputs";
import { gradientMagnitude } from "./gradient-magnitude";
import { moments } from "./moments";
import { sweep } from "./sweep";
import { toy } from "./toy";

export const labCommands: readonly Command[] = [
  classTable,
  backward,
  batchNormInputs,
  gradientMagnitude,
  moments,
  sweep,
  toy,
];
