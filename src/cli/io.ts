/** What a command writes to; the process's streams, or a test's. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Cancels like an interrupt from the keyboard. */
  readonly signal?: AbortSignal;
}
