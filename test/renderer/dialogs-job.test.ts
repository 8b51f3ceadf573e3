import { describe, expect, it } from "vitest";
import { ExportJob } from "../../src/renderer/components/dialogs/export-job.svelte";
import type { ExportPlan } from "../../src/renderer/components/dialogs/export-plan";
import type { engine, Reply } from "../../src/shared/contract";
import { Fault } from "../../src/shared/fault";

type Outcome = Reply<(typeof engine)["export"]>;
type Services = ConstructorParameters<typeof ExportJob>[0];
interface Call {
  readonly overwrite: boolean;
  readonly token: string;
  readonly runs: readonly string[] | null;
}

const plan: ExportPlan = {
  format: "html",
  contrast: "sigma",
  runs: ["a", "b"],
};
const token = "00000000-0000-0000-0000-000000000001";

/** Answers the two calls an export makes. */
function services(
  outcomes: (Outcome | Error)[],
  target: { token: string; name: string } | null = {
    token,
    name: "pelican.html",
  },
) {
  const calls: Call[] = [];
  const seen: unknown[] = [];
  const fake = {
    world: {
      app: {
        call: (_: string, request: unknown) => {
          seen.push(request);
          return Promise.resolve(target);
        },
      },
    },
    engine: {
      client: {
        job: async (
          _: string,
          request: Call,
          options: {
            signal: AbortSignal;
            onProgress: (p: { done: number; total: number }) => void;
          },
        ) => {
          calls.push(request);
          options.onProgress({ done: 1, total: 2 });
          const outcome = outcomes.shift();
          if (outcome instanceof Error) throw outcome;
          if (outcome) return outcome;
          await new Promise((_, reject) => {
            options.signal.addEventListener("abort", () => {
              reject(new DOMException("stop", "AbortError"));
            });
          });
        },
      },
    },
  };
  // Only what an export calls is there.
  return { services: fake as unknown as Services, calls, seen };
}

describe("ExportJob", () => {
  it("asks where, writes, and says how much", async () => {
    const world = services([
      {
        outcome: "written",
        files: 1,
        bytes: 4096,
        left: 1,
        why: ["3-1-relu: image.npy is missing."],
      },
    ]);
    const job = new ExportJob(world.services, "g");
    await job.start(plan, "Toy, ant");
    expect(world.seen).toEqual([{ format: "html", suggestion: "Toy, ant" }]);
    expect(world.calls).toEqual([
      {
        gallery: "g",
        runs: ["a", "b"],
        format: "html",
        contrast: "sigma",
        token,
        overwrite: false,
      },
    ]);
    expect(job.phase).toEqual({
      kind: "written",
      files: 1,
      bytes: 4096,
      name: "pelican.html",
      token,
      left: 1,
      why: ["3-1-relu: image.npy is missing."],
    });
  });

  it("stays where it is when no place is chosen", async () => {
    const world = services([], null);
    const job = new ExportJob(world.services, "g");
    await job.start(plan, "x");
    expect(world.calls).toEqual([]);
    expect(job.phase.kind).toBe("choosing");
  });

  it("replaces files only after a yes, at the same place", async () => {
    const world = services([
      { outcome: "exists", files: ["pelican.html"] },
      { outcome: "written", files: 1, bytes: 1, left: 0, why: [] },
    ]);
    const job = new ExportJob(world.services, "g");
    await job.start(plan, "x");
    expect(job.phase).toEqual({ kind: "exists", files: ["pelican.html"] });
    expect(world.calls.map((call) => call.overwrite)).toEqual([false]);
    await job.overwrite();
    expect(world.calls.map((call) => [call.overwrite, call.token])).toEqual([
      [false, token],
      [true, token],
    ]);
    expect(job.phase.kind).toBe("written");
  });

  it("forgets the question when one goes back", async () => {
    const world = services([{ outcome: "exists", files: ["pelican.html"] }]);
    const job = new ExportJob(world.services, "g");
    await job.start(plan, "x");
    job.again();
    await job.overwrite();
    expect(world.calls).toHaveLength(1);
    expect(job.phase.kind).toBe("choosing");
  });

  it("shows progress, and a cancel is no fault", async () => {
    const world = services([]);
    const job = new ExportJob(world.services, "g");
    const started = job.start(plan, "x");
    await new Promise((resolve) => setImmediate(resolve));
    expect(job.phase).toEqual({ kind: "writing", done: 1, total: 2 });
    job.cancel();
    await started;
    expect(job.phase.kind).toBe("cancelled");
  });

  it("says what went wrong, with the remedy", async () => {
    const world = services([
      new Fault("export-failed", "The disk is full.", "Free some space."),
    ]);
    const job = new ExportJob(world.services, "g");
    await job.start(plan, "x");
    expect(job.phase).toEqual({
      kind: "failed",
      fault: {
        code: "export-failed",
        message: "The disk is full.",
        remedy: "Free some space.",
      },
    });
  });
});
