import { powerMonitor, powerSaveBlocker } from "electron";

/** What is going on in the window: keeps the machine awake, and tells when it slept all the same. */
export class Busy {
  #what: string | null = null;
  #blocker: number | undefined;
  #sleptWhileBusy = false;

  /** What would be lost if the window closed now; null when nothing would. */
  get what(): string | null {
    return this.#what;
  }

  set(what: string | null): void {
    this.#what = what;
    if (what !== null)
      this.#blocker ??= powerSaveBlocker.start("prevent-app-suspension");
    else if (this.#blocker !== undefined) {
      powerSaveBlocker.stop(this.#blocker);
      this.#blocker = undefined;
    }
  }

  /** Called when the machine wakes up after it fell asleep in the middle of something. */
  onResume(listener: () => void): void {
    powerMonitor.on("suspend", () => {
      this.#sleptWhileBusy = this.#what !== null;
    });
    powerMonitor.on("resume", () => {
      if (this.#sleptWhileBusy) listener();
      this.#sleptWhileBusy = false;
    });
  }
}
