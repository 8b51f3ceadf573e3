/** How the engine's process ended. */
export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The process could not be started at all. */
  readonly startError?: Error;
  /** The end of what it printed. */
  readonly tail: string;
}

export interface ExitStory {
  readonly message: string;
  readonly remedy: string;
}

const outOfMemory =
  /heap out of memory|std::bad_alloc|OOM when allocating|Cannot allocate memory|failed to allocate/i;
const memoryRemedy =
  "Finished pictures are kept. Choose a smaller batch, then start the engine again.";
const againRemedy =
  "Finished pictures are kept. Start the engine again; the log holds the details.";

/** What the user is told, and what to do. */
export function describeExit(exit: EngineExit): ExitStory {
  if (exit.startError) return describeStartError(exit.startError);
  if (outOfMemory.test(exit.tail))
    return {
      message: "The engine ran out of memory.",
      remedy: memoryRemedy,
    };
  if (exit.signal === "SIGKILL")
    return {
      message:
        "The engine was killed from outside; the system does that when memory runs out.",
      remedy: memoryRemedy,
    };
  if (exit.signal !== null)
    return {
      message: `The engine crashed (${exit.signal}).`,
      remedy: againRemedy,
    };
  return {
    message: `The engine stopped by itself (code ${exit.code ?? "unknown"}).`,
    remedy: againRemedy,
  };
}

function describeStartError(error: Error): ExitStory {
  if ("code" in error && error.code === "ENOENT")
    return {
      message: "The engine could not be started: Node was not found.",
      remedy:
        "Install Node 20.19 or later, or set PROXIMA_NODE to where it is, then start Proxima again.",
    };
  return {
    message: `The engine could not be started: ${error.message}`,
    remedy: againRemedy,
  };
}
