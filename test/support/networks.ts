/** Networks on disk for tests: the bundled one, and SqueezeNet where it is at hand. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

export const bundledNetwork = fromRoot(
  "resources/networks/caltech101-resnet18",
);
/** Null where it is not at hand: it may not be handed out with the project. */
export const squeezeNet = existing(
  fromRoot("../shared/models/squeezenet1.1-imagenet"),
);

function existing(path: string): string | null {
  return existsSync(path) ? path : null;
}
