import type { Notices } from "./notices.svelte";

export interface Undoable {
  /** What was done, for the notice: "Removed pelican". */
  readonly label: string;
  undo(): void | Promise<void>;
}

const most = 50;

/** What Ctrl+Z takes back, newest last. */
export class Undo {
  #stack = $state.raw<readonly Undoable[]>([]);
  readonly #notices: Notices;

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  get next(): Undoable | null {
    return this.#stack.at(-1) ?? null;
  }

  /** Remembers how to take something back; `tell` also says that it was done, with a button. */
  push(undoable: Undoable, tell = false): void {
    this.#stack = [...this.#stack.slice(-(most - 1)), undoable];
    if (!tell) return;
    const id = this.#notices.info(`${undoable.label}.`, {
      topic: "undo",
      action: {
        label: "Undo",
        run: () => {
          this.#notices.close(id);
          void this.take(undoable);
        },
      },
    });
  }

  /** Takes back the newest, or the one given where it is still there. */
  async take(which = this.next): Promise<void> {
    if (!which || !this.#stack.includes(which)) return;
    this.#stack = this.#stack.filter((u) => u !== which);
    try {
      await which.undo();
      this.#notices.say(`Undone: ${which.label}`);
    } catch (error) {
      this.#notices.error(error);
    }
  }
}
