/** Calls to the engine from a test, past the user interface, over the same bridge as the page's own. */
import type { Page } from "@playwright/test";
import type { AppAnswer, Bridge } from "../../src/shared/bridge";
import type { FaultData } from "../../src/shared/fault";

export type EngineAnswer = { reply: unknown } | { fault: FaultData } | "closed";

interface TestWorld {
  proxima: Bridge;
  testEvents?: unknown[];
}

/** One command or job on a connection of its own; "closed" where the engine went away meanwhile. */
export function callEngine(
  page: Page,
  name: string,
  request: unknown,
): Promise<EngineAnswer> {
  return page.evaluate(
    async ([name, request]) => {
      // A connection of its own: the page must not take it for its own, nor the other way round.
      const connection = crypto.randomUUID();
      const port = await new Promise<MessagePort>((resolve) => {
        const receive = ({ data, ports: [port] }: MessageEvent): void => {
          if (data !== `proxima:engine-port:${connection}` || !port) return;
          removeEventListener("message", receive);
          resolve(port);
        };
        addEventListener("message", receive);
        const { proxima } = globalThis as unknown as TestWorld;
        void proxima.connectEngine(connection);
      });
      const answer = await new Promise<EngineAnswer>((resolve) => {
        port.onmessage = ({ data }: MessageEvent) => {
          const { header, closed } = data as {
            header?: string;
            closed?: boolean;
          };
          if (closed) resolve("closed");
          if (header === undefined) return;
          const message = JSON.parse(header) as {
            kind: string;
            reply: unknown;
            fault: FaultData;
          };
          if (message.kind === "ok") resolve({ reply: message.reply });
          if (message.kind === "fault") resolve({ fault: message.fault });
        };
        const call = { kind: "call", id: 0, name, request };
        port.postMessage({ header: JSON.stringify(call) });
      });
      port.postMessage({ closed: true });
      return answer;
    },
    [name, request] as const,
  );
}

export function callMain(
  page: Page,
  name: string,
  request: unknown,
): Promise<AppAnswer> {
  return page.evaluate(
    ([name, request]) =>
      (globalThis as unknown as TestWorld).proxima.app(name, request),
    [name, request] as const,
  );
}

/** Starts keeping main's events; read them with the returned function. */
export async function keepEvents(
  page: Page,
): Promise<() => Promise<unknown[]>> {
  await page.evaluate(() => {
    const world = globalThis as unknown as TestWorld;
    const events: unknown[] = (world.testEvents = []);
    world.proxima.onEvent((event) => events.push(event));
  });
  return () =>
    page.evaluate(() => (globalThis as unknown as TestWorld).testEvents ?? []);
}
