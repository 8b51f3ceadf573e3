import { memory } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { StepCache } from "../../../src/engine";
import type { NativeRuntime } from "../../../src/engine/step/runtime";
import type { StepOptions } from "../../../src/engine/step/step";
import { openBackend } from "../../../src/main/host/backend";
import { mixedNetwork } from "../../support/small-networks";

/** The runtime, counting the graphs that are loaded. */
interface Counting extends NativeRuntime {
  loaded: number;
  unloaded: number;
}
let runtime: Counting | null = null;
beforeAll(async () => {
  const native = (await openBackend()).runtime;
  if (native)
    runtime = {
      ...native,
      loaded: 0,
      unloaded: 0,
      load(encoded) {
        this.loaded += 1;
        return native.load(encoded);
      },
      unload(graph) {
        this.unloaded += 1;
        native.unload(graph);
      },
    };
});
afterEach(() => {
  expect(memory().numTensors).toBe(0);
  expect(runtime?.unloaded).toBe(runtime?.loaded);
});

const network = mixedNetwork();
function options(changes: Partial<StepOptions> = {}): StepOptions {
  return {
    network,
    methods: [{ kind: "relu" }],
    batch: 2,
    precision: "float32",
    regularization: { blur: 0.5, rotate: 3 },
    ...changes,
  };
}
function use(cache: StepCache, changes: Partial<StepOptions> = {}) {
  const { step, release } = cache.lease(options(changes));
  release();
  return step;
}

describe("a cache of steps", () => {
  it("loads the graphs of a step once, its regularization's among them", () => {
    const cache = new StepCache(runtime, { idle: 1 });
    const before = runtime?.loaded ?? 0;
    const first = use(cache);
    expect(use(cache)).toBe(first);
    // the angle is fed, not compiled
    expect(use(cache, { regularization: { blur: 0.5, rotate: 9 } })).toBe(
      first,
    );
    expect(cache.compiled).toBe(1);
    if (runtime) expect(runtime.loaded - before).toBe(2);
    cache.dispose();
    expect(cache.size).toBe(0);
  });

  it.each([
    ["another network", { network: mixedNetwork() }],
    ["another batch", { batch: 3 }],
    ["another slope", { methods: [{ kind: "leaky", slope: 0.1 }] }],
    ["bfloat16", { precision: "bfloat16" }],
    ["another blur", { regularization: { blur: 0.6, rotate: 3 } }],
    ["no rotation", { regularization: { blur: 0.5, rotate: 0 } }],
  ] satisfies [string, Partial<StepOptions>][])(
    "makes another step for %s",
    (_, changes) => {
      const cache = new StepCache(runtime, { idle: 2 });
      expect(use(cache, changes)).not.toBe(use(cache));
      expect(cache.compiled).toBe(2);
      cache.dispose();
    },
  );

  it("keeps as many idle steps as it may, and lets the one used longest ago go", () => {
    const cache = new StepCache(runtime, { idle: 2 });
    const [one, two] = [use(cache, { batch: 1 }), use(cache, { batch: 2 })];
    expect(use(cache, { batch: 1 })).toBe(one);
    use(cache, { batch: 3 });
    expect(cache.size).toBe(2);
    expect(use(cache, { batch: 1 })).toBe(one);
    expect(use(cache, { batch: 2 })).not.toBe(two);
    cache.dispose();
  });

  it("keeps no idle step whose weights are too many, unless a run has reserved it", () => {
    const cache = new StepCache(runtime, { idle: 5, idleBytes: 8 });
    const release = cache.reserve(2);
    for (let turn = 0; turn < 3; turn++)
      for (const batch of [1, 2]) use(cache, { batch });
    expect(cache.compiled).toBe(2);
    release();
    release();
    expect(cache.size).toBe(0);
  });

  it("never takes away a step that is in use, and gives one of a closed network to nobody", () => {
    const cache = new StepCache(runtime, { idle: 5 });
    const lease = cache.lease(options());
    cache.retain(() => false);
    expect(cache.size).toBe(1);
    const again = cache.lease(options());
    expect(again.step).not.toBe(lease.step);
    lease.release();
    lease.release();
    expect(cache.size).toBe(1);
    again.release();
    cache.retain((held) => held === network);
    expect(cache.size).toBe(1);
    cache.dispose();
    expect(cache.size).toBe(0);
  });
});
