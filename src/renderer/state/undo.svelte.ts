import type { Notices } from "./notices.svelte";

export interface Undoable {
  /** What was done, for the notice: "Removed pelican". */
  readonly label: string;
  undo(): void | Promise<void>;
  /** Does it once more after it was undone; remembers nothing by itself. */
  redo(): void | Promise<void>;
  /** What is dragged or stepped: changes of the same kind in quick succession are one. */
  readonly gesture?: string;
}

export interface ChangeOptions {
  /** Also say that it was done, with a button. */
  readonly tell?: boolean;
  readonly gesture?: string;
}

const most = 50;

/** Changes of one gesture follow each other within this. */
const gestureMs = 1000;

/** What Ctrl+Z takes back and Ctrl+Shift+Z does once more. */
export class Undo {
  /** Newest last. */
  #done = $state.raw<readonly Undoable[]>([]);
  /** What was taken back last is last. */
  #undone = $state.raw<readonly Undoable[]>([]);
  #changedAt = -Infinity;
  /** One after the other: some need the host. */
  #turn: Promise<void> = Promise.resolve();
  readonly #notices: Notices;
  /** Milliseconds. */
  readonly #now: () => number;

  constructor(notices: Notices, now = () => performance.now()) {
    this.#notices = notices;
    this.#now = now;
  }

  get next(): Undoable | null {
    return this.#done.at(-1) ?? null;
  }

  get nextRedo(): Undoable | null {
    return this.#undone.at(-1) ?? null;
  }

  /** Remembers how to take something back; `tell` also says that it was done, with a button. */
  push(undoable: Undoable, tell = false): void {
    const now = this.#now();
    const { next } = this;
    const same =
      next?.gesture !== undefined &&
      next.gesture === undoable.gesture &&
      now - this.#changedAt < gestureMs &&
      this.#undone.length === 0;
    this.#changedAt = now;
    this.#undone = [];
    this.#done = same
      ? [
          ...this.#done.slice(0, -1),
          {
            ...undoable,
            undo: () => next.undo(),
            redo: () => undoable.redo(),
          },
        ]
      : [...this.#done.slice(-(most - 1)), undoable];
    if (tell)
      this.#offer(undoable, () => {
        void this.take(undoable);
      });
  }

  /** Remembers that a value was changed; `set` puts one in its place. */
  changed<T>(
    label: string,
    before: T,
    after: T,
    set: (value: T) => void,
    { tell = false, gesture }: ChangeOptions = {},
  ): void {
    this.push(
      {
        label,
        undo: () => {
          set(before);
        },
        redo: () => {
          set(after);
        },
        ...(gesture === undefined ? {} : { gesture }),
      },
      tell,
    );
  }

  /** Says that something was done, with a button that takes it back; no key does. */
  offer(undoable: Pick<Undoable, "label" | "undo">): void {
    this.#offer(undoable, () => {
      void this.#try(() => undoable.undo());
    });
  }

  /** What the notices offer does not fit any more: another network is laid out. */
  withdraw(): void {
    for (const { id, topic } of this.#notices.list)
      if (topic === "undo") this.#notices.close(id);
  }

  /** What was done before cannot be taken back any more: it was about other rows. */
  forget(): void {
    this.#done = [];
    this.#undone = [];
    this.withdraw();
  }

  /** Takes back the newest, or the one given where it is still there. */
  take(which?: Undoable): Promise<void> {
    return this.#afterOthers(async () => {
      const taken = which ?? this.next;
      if (!taken || !this.#done.includes(taken)) return;
      this.#done = this.#done.filter((u) => u !== taken);
      if (!(await this.#try(() => taken.undo()))) return;
      this.#undone = [...this.#undone, taken];
      this.#say(`Undone: ${taken.label}`, "Redo", () => this.again(taken));
    });
  }

  /** Does once more what was taken back last, or the one given where that is it. */
  again(which?: Undoable): Promise<void> {
    return this.#afterOthers(async () => {
      const { nextRedo } = this;
      if (!nextRedo || (which && which !== nextRedo)) return;
      this.#undone = this.#undone.slice(0, -1);
      if (!(await this.#try(() => nextRedo.redo()))) return;
      this.#changedAt = -Infinity;
      this.#done = [...this.#done, nextRedo];
      this.#say(`Redone: ${nextRedo.label}`, "Undo", () => this.take(nextRedo));
    });
  }

  #afterOthers(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work);
    return this.#turn;
  }

  async #try(work: () => void | Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#notices.error(error);
      return false;
    }
  }

  #offer({ label }: Pick<Undoable, "label">, run: () => void): void {
    this.#notices.info(`${label}.`, {
      topic: "undo",
      action: { label: "Undo", run },
    });
  }

  /** What changed may be out of sight. */
  #say(text: string, label: string, run: () => Promise<void>): void {
    this.#notices.info(`${text}.`, {
      topic: "undo",
      action: { label, run: () => void run() },
    });
  }
}
