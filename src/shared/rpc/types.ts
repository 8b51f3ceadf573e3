/** The types of typed calls: what is called, served and answered. */
import type {
  CommandSpec,
  FrameHeader,
  JobSpec,
  Progress,
  Reply,
  Request,
} from "../contract";

export type Table = Readonly<Record<string, CommandSpec | JobSpec>>;
export type JobNames<T extends Table> = {
  [K in keyof T & string]: T[K] extends JobSpec ? K : never;
}[keyof T & string];
export type CommandNames<T extends Table> = Exclude<
  keyof T & string,
  JobNames<T>
>;
type JobOf<T extends Table, K extends keyof T> = T[K] extends JobSpec
  ? T[K]
  : never;

/** A reply with bytes beside it. */
export interface WithBytes<R> {
  readonly reply: R;
  readonly bytes: Uint8Array;
}

export interface CallContext {
  readonly signal: AbortSignal;
  /** Bytes that came beside the request. */
  readonly bytes: Uint8Array | undefined;
}

export interface JobContext<J extends JobSpec> extends CallContext {
  /** Sent in order, none lost; keep it to 10 a second. */
  progress(progress: Progress<J>): void;
  /** Whether the slot has its credit back and nothing waits there: a frame put now would go next. */
  wants(slot: string): boolean;
  /**
   * Puts a frame into the slot's mailbox; a newer one replaces one not yet sent. The last one always goes,
   * before the job ends. The bytes are not copied: leave them alone afterwards.
   */
  frame(slot: string, header: FrameHeader<J>, bytes: Uint8Array): void;
}

/** What serves a table; a Fault thrown reaches the caller as it is, anything else as `internal`. */
export type Handlers<T extends Table> = {
  readonly [K in keyof T & string]: T[K] extends JobSpec
    ? (
        request: Reply<{ request: T[K]["request"]; reply: T[K]["request"] }>,
        context: JobContext<T[K]>,
      ) => Promise<Reply<T[K]>>
    : (
        request: Reply<{ request: T[K]["request"]; reply: T[K]["request"] }>,
        context: CallContext,
      ) => Promise<Reply<T[K]> | WithBytes<Reply<T[K]>>>;
};

export interface CallOptions {
  /** A command rejects with the signal's reason at once; a job ends with what its handler makes of it. */
  readonly signal?: AbortSignal;
  readonly bytes?: Uint8Array;
}

export interface JobOptions<J extends JobSpec> extends CallOptions {
  readonly onProgress?: (progress: Progress<J>) => void;
  /**
   * The slot's credit goes back once this has returned or its promise is settled (after painting).
   * A job's last frames come without waiting for it. A listener that throws fails the job.
   */
  readonly onFrame?: (
    header: FrameHeader<J>,
    bytes: Uint8Array,
  ) => void | Promise<void>;
}

export interface Client<T extends Table> {
  call<K extends CommandNames<T>>(
    name: K,
    request: Request<T[K]>,
    options?: CallOptions,
  ): Promise<Reply<T[K]>>;
  /** For replies with bytes. */
  callBytes<K extends CommandNames<T>>(
    name: K,
    request: Request<T[K]>,
    options?: CallOptions,
  ): Promise<WithBytes<Reply<T[K]>>>;
  job<K extends JobNames<T>>(
    name: K,
    request: Request<T[K]>,
    options?: JobOptions<JobOf<T, K>>,
  ): Promise<Reply<T[K]>>;
  /** Rejects all that is open with `engine-gone` and closes the port. */
  close(): void;
}
