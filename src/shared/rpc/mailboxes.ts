import type { Port } from "../port";

interface Slot {
  /** Permission to send one frame; comes back when the other side has painted. */
  credit: boolean;
  /** The newest frame that has not been sent. */
  waiting: { readonly header: unknown; readonly bytes: Uint8Array } | undefined;
}

type SendFrame = (slot: string, header: unknown, bytes: Uint8Array) => void;

/**
 * The frames of one job: one place a slot, one frame in flight a slot, and none while the carrier is full.
 * A slow painter or a full pipe makes frames fewer, never later.
 */
export class Mailboxes {
  readonly #port: Port;
  readonly #send: SendFrame;
  readonly #slots = new Map<string, Slot>();
  readonly #offDrain: () => void;
  #closed = false;

  constructor(port: Port, send: SendFrame) {
    this.#port = port;
    this.#send = send;
    const drained = (): void => {
      for (const name of this.#slots.keys()) this.#trySend(name);
    };
    this.#offDrain = port.onDrain?.(drained) ?? (() => undefined);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * A full carrier does not count: a round over many slots fills it within a few frames, and the slots that
   * come last would never get their turn. What is put then waits here and goes when the carrier has drained.
   */
  wants(name: string): boolean {
    const slot = this.#slots.get(name);
    return !this.#closed && (!slot || (slot.credit && !slot.waiting));
  }

  put(name: string, header: unknown, bytes: Uint8Array): void {
    if (this.#closed) return;
    const slot = this.#slots.get(name) ?? { credit: true, waiting: undefined };
    if (!slot.waiting) {
      // To the end of the line: who has waited longest goes first when the carrier has drained.
      this.#slots.delete(name);
      this.#slots.set(name, slot);
    }
    slot.waiting = { header, bytes };
    this.#trySend(name);
  }

  /** Ignored for a slot that never had a frame; more than one credit at a time cannot be saved up. */
  credit(name: string): void {
    const slot = this.#slots.get(name);
    if (!slot) return;
    slot.credit = true;
    this.#trySend(name);
  }

  /** Sends what waits, credit or not, and closes: the job has ended. */
  flush(): void {
    if (this.#closed) return;
    for (const [name, { waiting }] of this.#slots)
      if (waiting) this.#send(name, waiting.header, waiting.bytes);
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#slots.clear();
    this.#offDrain();
  }

  #writable(): boolean {
    return this.#port.writable?.() ?? true;
  }

  #trySend(name: string): void {
    const slot = this.#slots.get(name);
    if (!slot?.waiting || !slot.credit || !this.#writable()) return;
    const { header, bytes } = slot.waiting;
    slot.waiting = undefined;
    slot.credit = false;
    this.#send(name, header, bytes);
  }
}
