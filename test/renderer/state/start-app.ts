import { afterEach, beforeEach, expect, vi } from "vitest";
import { AppState } from "../../../src/renderer/state/app.svelte";
import { fakeWorld, type FakeOptions } from "../../support/fake-world";

/** For the tests of a file: what the state needs of a browser, and apps that are put away after each test. */
export function useApps() {
  const offs: (() => void)[] = [];
  /** Animation frames asked for, to be run by the test. */
  let frames: (() => void)[] = [];

  beforeEach(() => {
    frames = [];
    vi.stubGlobal("requestAnimationFrame", (frame: () => void) =>
      frames.push(frame),
    );
    vi.stubGlobal("cancelAnimationFrame", () => undefined);
    vi.stubGlobal("document", { activeElement: null });
    for (const name of [
      "HTMLTextAreaElement",
      "HTMLInputElement",
      "HTMLElement",
    ])
      vi.stubGlobal(name, class {});
  });

  afterEach(() => {
    for (const off of offs.splice(0)) off();
    vi.unstubAllGlobals();
  });

  return {
    frames: () => frames,
    /** A started app and the world around it; the first look at the engine is over. */
    async start(options: FakeOptions = {}) {
      const fake = fakeWorld(options);
      const app = new AppState(fake.world);
      offs.push(app.start());
      await vi.waitFor(() => {
        expect(app.session.settled).toBe(true);
      });
      return { app, fake };
    },
  };
}
