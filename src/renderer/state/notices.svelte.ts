import { Fault } from "../../shared/fault";

export interface NoticeAction {
  readonly label: string;
  run(): void;
}

export interface Notice {
  readonly id: number;
  readonly kind: "info" | "error";
  readonly text: string;
  /** What to do about it. */
  readonly remedy: string;
  readonly action: NoticeAction | null;
  readonly topic: string;
}

export interface NoticeOptions {
  readonly remedy?: string;
  readonly action?: NoticeAction;
  /** A later notice of the same topic takes the place of this one. */
  readonly topic?: string;
  /** Until it is closed: its action has no other place. */
  readonly stays?: boolean;
}

/** How long a notice stays; errors stay until they are closed. */
const stayMs = 8000;
const most = 3;

/** Short messages at the foot of the window, and what a screen reader is told. */
export class Notices {
  list = $state.raw<readonly Notice[]>([]);
  /** Read out politely; never shown. */
  spoken = $state("");
  #next = 1;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  info(text: string, options: NoticeOptions = {}): number {
    return this.#add("info", text, options);
  }

  /** Anything thrown; a fault brings its remedy. Cancelling is not worth a message. */
  error(error: unknown, options: NoticeOptions = {}): number | null {
    if (error instanceof DOMException && error.name === "AbortError")
      return null;
    const text = error instanceof Error ? error.message : String(error);
    const remedy = error instanceof Fault ? error.remedy : "";
    return this.#add("error", text, { remedy, ...options });
  }

  say(text: string): void {
    this.spoken = text;
  }

  close(id: number): void {
    const timer = this.#timers.get(id);
    if (timer !== undefined) clearTimeout(timer);
    this.#timers.delete(id);
    this.list = this.list.filter((n) => n.id !== id);
  }

  #add(kind: Notice["kind"], text: string, options: NoticeOptions): number {
    const topic = options.topic ?? text;
    const twin = this.list.find((n) => n.topic === topic && n.kind === kind);
    if (twin) this.close(twin.id);
    const id = this.#next++;
    const notice: Notice = {
      id,
      kind,
      text,
      remedy: options.remedy ?? "",
      action: options.action ?? null,
      topic,
    };
    const kept = this.list.slice(-(most - 1));
    for (const old of this.list) if (!kept.includes(old)) this.close(old.id);
    this.list = [...kept, notice];
    if (kind === "info" && options.stays !== true)
      this.#timers.set(
        id,
        setTimeout(() => {
          this.close(id);
        }, stayMs),
      );
    return id;
  }
}
