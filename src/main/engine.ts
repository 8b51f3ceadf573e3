import type { control, Purpose, Request } from "../shared/contract";
import { Fault, type FaultData } from "../shared/fault";
import { describeExit, type ExitStory } from "./engine-exit";
import { EngineProcess, type EngineCommand } from "./engine-process";
import { refuse, relay, type MainPort } from "./engine-relay";
import type { Log } from "./log";
import { Tokens } from "./tokens";

export type EngineConfiguration = Request<(typeof control)["configure"]>;

export interface EngineOptions {
  /** Asked at each start, as settings may have changed. */
  readonly command: () => EngineCommand;
  readonly configuration: () => EngineConfiguration;
  readonly log: Log;
  /** It ended without being asked to, or a window wants it while it is away. */
  readonly onGone: (story: ExitStory) => void;
  /** It runs again: windows want new ports. */
  readonly onRestarted: () => void;
  /** It runs, and refuses what it was configured with. */
  readonly onRefused: (fault: FaultData) => void;
}

/** The engine as main sees it: starts it, connects windows to it, tells when it is lost, starts it again. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #tokens = new Tokens();
  #process: EngineProcess | undefined;
  #story: ExitStory = { message: "The engine is not running.", remedy: "" };
  #restarting: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  start(): void {
    const { command, log, onGone } = this.#options;
    const process = new EngineProcess(command(), log);
    this.#process = process;
    log.line(`engine: started, process ${process.pid ?? "none"}`);
    void this.#introduce(process);
    void process.exited.then((exit) => {
      const asked = this.#process !== process;
      log.line(
        `engine: ended, code ${exit.code}, signal ${exit.signal}${asked ? "" : ", unasked"}`,
      );
      if (asked) return;
      this.#process = undefined;
      this.#story = describeExit(exit);
      onGone(this.#story);
    });
  }

  /** Ends it and starts it again; open calls of windows reject as engine-gone. */
  restart(): Promise<void> {
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  async stop(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.stop();
  }

  /** Gives a window's port to the engine. */
  connect(port: MainPort): void {
    const process = this.#process;
    if (process)
      relay(
        port,
        (listener) => process.open(listener),
        (why) => {
          this.#options.log.line(`a window's message was refused: ${why}`);
        },
      );
    else {
      refuse(port);
      if (!this.#restarting) this.#options.onGone(this.#story);
    }
  }

  /** A token for a path the user chose to have read or written; the engine knows it by then, and after a restart. */
  async grant(path: string, purpose: Purpose): Promise<string> {
    const token = this.#tokens.add({ path, purpose });
    try {
      await this.#process?.control.call("grant", { token, path, purpose });
    } catch (error) {
      // Gone meanwhile: the next one is told.
      if (!isGone(error)) throw error;
    }
    return token;
  }

  /** What a token stands for that was given for `purpose`. Throws `invalid-request` where there is none. */
  pathOf(token: string, purpose: Purpose = "read"): string {
    const grant = this.#tokens.get(token);
    if (grant?.purpose !== purpose)
      throw new Fault(
        "invalid-request",
        "This file was chosen too long ago.",
        "Choose it again.",
      );
    return grant.path;
  }

  /** Rejects with the Fault of a configuration the engine refuses. */
  async configure(configuration: EngineConfiguration): Promise<void> {
    try {
      await this.#process?.control.call("configure", configuration);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  async #restart(): Promise<void> {
    await this.stop();
    this.start();
    this.#options.onRestarted();
  }

  async #introduce({ control }: EngineProcess): Promise<void> {
    const { configuration, log, onRefused } = this.#options;
    const grants = this.#tokens
      .entries()
      .map(([token, grant]) => control.call("grant", { token, ...grant }));
    const results = await Promise.allSettled([
      control.call("configure", configuration()),
      ...grants,
    ]);
    for (const result of results) {
      if (result.status === "fulfilled" || isGone(result.reason)) continue;
      log.line(`engine: refused its configuration: ${String(result.reason)}`);
      if (result.reason instanceof Fault) onRefused(result.reason);
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Fault && error.code === "engine-gone";
}
