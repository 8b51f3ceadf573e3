import { describe, expect, it } from "vitest";
import { JobQueue } from "../../../src/main/host/jobs";

function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}
const never = new AbortController().signal;

describe("the queue of heavy jobs", () => {
  it("runs one at a time, in order, and gives each its result", async () => {
    const queue = new JobQueue();
    const seen: string[] = [];
    const [a, b] = [gate(), gate()];
    const task = (name: string, passed: Promise<void>) => async () => {
      seen.push(`${name} begins`);
      await passed;
      seen.push(`${name} ends`);
      return name;
    };
    const first = queue.run(task("a", a.passed), { signal: never });
    const second = queue.run(task("b", b.passed), { signal: never });
    b.open();
    await Promise.resolve();
    a.open();
    expect(await Promise.all([first, second])).toEqual(["a", "b"]);
    expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  it("lets a waiting job give up at once without letting later ones overtake", async () => {
    const queue = new JobQueue();
    const a = gate();
    const abort = new AbortController();
    const seen: string[] = [];
    const first = queue.run(
      async () => {
        await a.passed;
        seen.push("a");
      },
      { signal: never },
    );
    const second = queue.run(() => Promise.resolve(seen.push("b")), {
      signal: abort.signal,
    });
    const third = queue.run(() => Promise.resolve(seen.push("c")), {
      signal: never,
    });
    abort.abort(new Error("no more"));
    await expect(second).rejects.toThrow("no more");
    expect(seen).toEqual([]);
    a.open();
    await Promise.all([first, third]);
    expect(seen).toEqual(["a", "c"]);
  });

  it("goes on after a job that fails, and tells when it is idle", async () => {
    const queue = new JobQueue();
    const failed = queue.run(() => Promise.reject(new Error("broken")), {
      signal: never,
    });
    const after = queue.run(() => Promise.resolve(1), { signal: never });
    await expect(failed).rejects.toThrow("broken");
    expect(await after).toBe(1);
    await queue.idle();
    await expect(
      queue.run(() => Promise.resolve(2), { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: "AbortError" });
    await queue.idle();
  });
});
