import { describe, expect, it } from "vitest";
import { answerApp } from "../../src/main/answer-app";
import type { AppTable } from "../../src/shared/contract";
import { Fault } from "../../src/shared/fault";
import type { Handlers } from "../../src/shared/rpc";

function setUp(some: Partial<Handlers<AppTable>>) {
  const unused = (): never => {
    throw new Error("not part of this test");
  };
  const errors: unknown[] = [];
  // Only the handlers under test are ever called.
  const handlers = new Proxy(some, {
    get: (target, name) => (Reflect.get(target, name) as unknown) ?? unused,
  }) as Handlers<AppTable>;
  return {
    errors,
    answer: (...call: unknown[]) =>
      answerApp(handlers, call, (error) => errors.push(error)),
  };
}

describe("a command of the window", () => {
  it("reaches its handler with defaults filled in and bytes beside it", async () => {
    const seen: unknown[] = [];
    const { answer } = setUp({
      "choose.network": (request) => {
        seen.push(request);
        return Promise.resolve(null);
      },
      "clipboard.picture": (_, { bytes }) => {
        seen.push(bytes);
        return Promise.resolve({});
      },
    });
    expect(await answer("choose.network", {})).toEqual({ reply: null });
    const bytes = Uint8Array.of(1, 2);
    expect(await answer("clipboard.picture", {}, bytes)).toEqual({ reply: {} });
    expect(seen).toEqual([{ what: "file" }, bytes]);
  });

  it.each([
    ["no name", []],
    ["a name from the prototype", ["constructor", {}]],
    ["__proto__", ["__proto__", {}]],
    ["a name that is no text", [{ toString: () => "about" }, {}]],
    ["an extra field", ["about", { more: 1 }]],
    ["a request that is no object", ["about", null]],
    ["a value out of range", ["settings.change", { threads: -1 }]],
    ["the version", ["settings.change", { version: 1 }]],
    ["bytes that are none", ["clipboard.picture", {}, [1, 2, 3]]],
  ])("is refused with %s", async (_, call) => {
    const { answer, errors } = setUp({});
    expect(await answer(...call)).toMatchObject({
      fault: { code: "invalid-request" },
    });
    expect(errors).toEqual([]);
  });

  it("brings back faults as they are, and tells the log of everything else", async () => {
    const surprise = new Error("surprise");
    const { answer, errors } = setUp({
      about: () => Promise.reject(new Fault("internal", "Known.", "Do.")),
      settings: () => {
        throw surprise;
      },
    });
    expect(await answer("about", {})).toEqual({
      fault: { code: "internal", message: "Known.", remedy: "Do." },
    });
    expect(await answer("settings", {})).toMatchObject({
      fault: { code: "internal" },
    });
    expect(errors).toEqual([surprise]);
  });
});
