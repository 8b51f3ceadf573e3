import { spawn, type ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import { control, type ControlTable } from "../shared/contract";
import { Fault } from "../shared/fault";
import {
  controlChannel,
  PipeMux,
  type RawChannel,
  type RawListener,
} from "../shared/pipe";
import { connect, type Client } from "../shared/rpc";
import type { EngineExit } from "./engine-exit";
import type { Log } from "./log";

export interface EngineCommand {
  readonly node: string;
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
}

const tailLength = 8192;
const stopPatienceMs = 5000;

/** One life of the engine host: from its start to its exit. */
export class EngineProcess {
  /** Resolves with how it ended; never rejects. */
  readonly exited: Promise<EngineExit>;
  readonly control: Client<ControlTable>;
  readonly pid: number | undefined;
  readonly #child: ChildProcess;
  readonly #pipe: PipeMux;
  #nextChannel = controlChannel + 1;
  #tail = "";

  constructor(command: EngineCommand, log: Log) {
    this.#child = spawn(command.node, [command.script], {
      env: command.env,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    this.pid = this.#child.pid;
    const keep = (chunk: Buffer): void => {
      log.append(chunk);
      this.#tail = (this.#tail + chunk.toString()).slice(-tailLength);
    };
    this.#child.stdout?.on("data", keep);
    this.#child.stderr?.on("data", keep);
    this.exited = new Promise((resolve) => {
      this.#child.once("error", (startError) => {
        // Also emitted where a kill failed; only without a process is it a failed start.
        if (this.pid !== undefined) return;
        resolve({ code: null, signal: null, startError, tail: this.#tail });
      });
      // Not "exit": only at "close" has all it printed arrived.
      this.#child.once("close", (code, signal) => {
        resolve({ code, signal, tail: this.#tail });
      });
    });
    // A pipe beyond the third is a duplex socket; Node's types know only the readable or writable halves.
    this.#pipe = new PipeMux(this.#child.stdio[3] as Duplex);
    this.control = connect(this.#pipe.openPort(controlChannel, true), control, {
      gone: () => new Fault("engine-gone", "The engine has stopped."),
    });
  }

  /** A connection of a window, for relaying. */
  open(listener: RawListener): RawChannel {
    return this.#pipe.openRaw(this.#nextChannel++, listener, true);
  }

  /** Lets it end its work, for a while, and resolves when it is gone. */
  async stop(): Promise<void> {
    this.#pipe.close();
    const impatience = setTimeout(() => {
      this.#child.kill("SIGKILL");
    }, stopPatienceMs);
    await this.exited;
    clearTimeout(impatience);
  }
}
