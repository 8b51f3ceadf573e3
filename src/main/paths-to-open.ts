import { resolve } from "node:path";

export interface CommandLine {
  /** As the process got it: the program first, and Chromium's switches anywhere. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The app's own folder, which comes first where the app is not packaged. */
  readonly appPath: string;
}

/** A mistaken command line does not open a hundred networks. */
const mostPaths = 10;

/** Paths on the app's command line, absolute. */
export function pathsToOpen({ argv, cwd, appPath }: CommandLine): string[] {
  const words = argv.slice(1).filter((word) => !word.startsWith("-"));
  const own = words.findIndex((word) => resolve(cwd, word) === appPath);
  return words
    .slice(own + 1)
    .map((word) => resolve(cwd, word))
    .slice(0, mostPaths);
}
