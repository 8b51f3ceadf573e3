/** The architectures that are trained from scratch. */
import type { Architecture } from "./architecture";
import { pfnet18 } from "./pfnet";
import { resnet18, resnet18Half } from "./resnet";
import { smallCnn } from "./small-cnn";

export type { Architecture, ArchitectureOptions } from "./architecture";

export const architectures = {
  resnet18,
  "resnet18-half": resnet18Half,
  pfnet18,
  "small-cnn": smallCnn,
} as const satisfies Readonly<Record<string, Architecture>>;

export type ArchitectureName = keyof typeof architectures;
