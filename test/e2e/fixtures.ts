/**
 * The real app for a test: its own user data, no network, and a failed test for every error the page reports.
 *
 * `proxima` is a running app; `launch` starts one by hand, to restart on the same data.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  _electron,
  expect,
  test as base,
  type ElectronApplication,
  type Page,
} from "@playwright/test";
import {
  electronEnvironment,
  requireElectron,
} from "../../scripts/electron-runtime.mjs";
import { findEngine } from "./processes";

export { expect };

/** The folder with package.json and the built app. */
export const appFolder =
  process.env["PROXIMA_APP"] ?? join(import.meta.dirname, "../..");

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What stands behind the app's name on the command line. */
  readonly args?: readonly string[];
}

/** A running app with its window. */
export interface Proxima {
  readonly app: ElectronApplication;
  readonly page: Page;
  /** Process id of the engine host. */
  engine(): Promise<number>;
  /** Closes the window as a user does, and waits until the app is gone. */
  close(): Promise<void>;
}

interface Options {
  /** Matches the page errors that the test provokes on purpose. */
  expectedProblems: RegExp;
}

interface Fixtures {
  userData: string;
  launch: (options?: LaunchOptions) => Promise<Proxima>;
  proxima: Proxima;
}

const asRoot = process.getuid?.() === 0;

export const test = base.extend<Options & Fixtures>({
  expectedProblems: [/(?!)/, { option: true }],

  // Playwright reads the fixtures that one needs from this pattern.
  // eslint-disable-next-line no-empty-pattern
  userData: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), "proxima-e2e-"));
    await use(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  },

  launch: async ({ userData, expectedProblems }, use) => {
    const running: ElectronApplication[] = [];
    const problems: string[] = [];
    await use(async (options = {}) => {
      const app = await start(userData, options);
      running.push(app);
      const closed = app.waitForEvent("close", { timeout: 0 });
      watch(app, problems);
      const page = await app.firstWindow();
      await page.waitForLoadState();
      await expect
        .poll(() => isVisible(app), { message: "the window is shown" })
        .toBe(true);
      return {
        app,
        page,
        engine: () => findEngine(app),
        close: async () => {
          await app.evaluate(({ BrowserWindow }) => {
            BrowserWindow.getAllWindows()[0]?.close();
          });
          await closed;
        },
      };
    });
    for (const app of running) await app.close().catch(() => undefined);
    const unexpected = problems.filter(
      (problem) => !expectedProblems.test(problem),
    );
    expect(unexpected, "errors in the window").toEqual([]);
  },

  proxima: async ({ launch }, use) => {
    await use(await launch());
  },
});

function start(
  userData: string,
  options: LaunchOptions,
): Promise<ElectronApplication> {
  // As the app's own settings and the system say.
  return _electron.launch({
    ...launchOf(userData, options),
    colorScheme: null,
  });
}

/**
 * Starts the app once more with the same data, and resolves with its exit code. A plain process: Playwright
 * cannot hold on to one that ends at once.
 */
export async function startAgain(
  userData: string,
  args: readonly string[] = [],
): Promise<number | null> {
  const { executablePath, args: all, env } = launchOf(userData, { args });
  const child = spawn(executablePath, all, { env, stdio: "ignore" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
}

function launchOf(
  userData: string,
  { env = {}, args = [] }: LaunchOptions,
): { executablePath: string; args: string[]; env: Record<string, string> } {
  const runtime = requireElectron();
  return {
    executablePath: runtime.path,
    args: [
      ...(asRoot ? ["--no-sandbox"] : []),
      "--disable-gpu",
      appFolder,
      ...args,
    ],
    env: {
      ...definedEnvironment(),
      ...electronEnvironment(runtime),
      PROXIMA_USER_DATA: userData,
      PROXIMA_NODE: process.execPath,
      ...env,
    },
  };
}

function isVisible(app: ElectronApplication): Promise<boolean> {
  return app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().some((window) => window.isVisible()),
  );
}

function definedEnvironment(): Record<string, string> {
  const defined = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(defined);
}

/** Console errors and everything thrown or rejected without a handler. */
function watch(app: ElectronApplication, problems: string[]): void {
  const context = app.context();
  context.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  context.on("weberror", (problem) => {
    problems.push(String(problem.error()));
  });
}
