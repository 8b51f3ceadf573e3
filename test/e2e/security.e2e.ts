import { callMain } from "./engine-calls";
import { expect, test } from "./fixtures";

test.describe("the window", () => {
  test("runs with the strictest settings there are", async ({ proxima }) => {
    const settings = await proxima.app.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows();
      // Present in every Electron, absent from its types.
      const contents = window?.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>;
      };
      const { nodeIntegrationInWorker = false, ...rest } =
        contents.getLastWebPreferences();
      return { nodeIntegrationInWorker, ...rest };
    });
    expect(settings).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
    });
  });

  test("gives its page no Node, no Electron, and only the bridge", async ({
    proxima,
  }) => {
    const found = await proxima.page.evaluate(() => ({
      url: location.href,
      node: [
        "require",
        "process",
        "module",
        "Buffer",
        "electron",
        "ipcRenderer",
      ].filter((name) => name in globalThis),
      bridge: Object.keys(
        (globalThis as unknown as { proxima: object }).proxima,
      ).sort(),
    }));
    expect(found).toEqual({
      url: "app://proxima/",
      node: [],
      bridge: ["app", "connectEngine", "dropped", "onEvent"],
    });
  });

  test("denies every permission", async ({ proxima }) => {
    const states = await proxima.page.evaluate(async () => {
      const names = ["geolocation", "camera", "microphone", "notifications"];
      const answers = names.map((name) =>
        navigator.permissions.query({ name: name as PermissionName }),
      );
      return (await Promise.all(answers)).map(({ state }) => state);
    });
    expect(states).toEqual(["denied", "denied", "denied", "denied"]);
  });
});

test.describe("what the page tries", () => {
  test.use({ expectedProblems: /local resource|status of 404|ERR_/ });

  test("does not leave for an empty page, and finds no address by WebRTC", async ({
    proxima,
  }) => {
    const { app, page } = proxima;
    await page.evaluate(() => {
      location.href = "about:blank";
    });
    await expect
      .poll(() =>
        app.evaluate(({ BrowserWindow }) =>
          BrowserWindow.getAllWindows().map(({ webContents }) => ({
            url: webContents.getURL(),
            loading: webContents.isLoading(),
          })),
        ),
      )
      .toEqual([{ url: "app://proxima/", loading: false }]);
    expect(await page.evaluate(() => location.href)).toBe("app://proxima/");
    const candidates = await page.evaluate(async () => {
      const connection = new RTCPeerConnection();
      connection.createDataChannel("x");
      await connection.setLocalDescription(await connection.createOffer());
      await new Promise<void>((resolve) => {
        const done = () => {
          if (connection.iceGatheringState === "complete") resolve();
        };
        connection.addEventListener("icegatheringstatechange", done);
        done();
      });
      const { sdp } = connection.localDescription ?? { sdp: "" };
      connection.close();
      return sdp.match(/a=candidate.*/g);
    });
    expect(candidates).toBeNull();
  });

  test("takes no object for a file that was dropped", async ({ proxima }) => {
    const files = await proxima.page.evaluate(() =>
      (
        globalThis as unknown as {
          proxima: { dropped(files: object[]): Promise<unknown[]> };
        }
      ).proxima.dropped([
        { path: "/etc/passwd" },
        new File(["x"], "/etc/passwd"),
      ]),
    );
    expect(files).toEqual([]);
  });

  test("stays on its page and opens no other window", async ({ proxima }) => {
    const { app, page } = proxima;
    const opened = await page.evaluate(() => {
      location.href = "https://example.org/";
      location.href = "file:///etc/passwd";
      const link = document.createElement("a");
      link.href = "https://example.org/";
      link.target = "_blank";
      document.body.append(link);
      link.click();
      link.remove();
      return window.open("https://example.org/") !== null;
    });
    expect(opened).toBe(false);
    // Main has handled the attempts once it answers a command posted after them.
    await page.evaluate(() =>
      (
        globalThis as unknown as {
          proxima: { app(name: string, request: object): Promise<unknown> };
        }
      ).proxima.app("about", {}),
    );
    expect(page.url()).toBe("app://proxima/");
    expect(
      await app.evaluate(
        ({ BrowserWindow }) => BrowserWindow.getAllWindows().length,
      ),
    ).toBe(1);
  });

  test("serves nothing but its own files", async ({ proxima }) => {
    const statuses = await proxima.page.evaluate(async () => {
      const urls = [
        "/index.html",
        "/../main/index.cjs",
        "/..%2fmain/index.cjs",
        "/%2e%2e/%2e%2e/package.json",
        "/%00.html",
        "/nothing.html",
      ];
      const status = (url: string) =>
        fetch(url).then(
          (response) => response.status,
          () => "failed",
        );
      return Promise.all(urls.map(status));
    });
    expect(statuses).toEqual([
      200,
      404,
      404,
      404,
      // Chromium itself refuses a zero byte.
      "failed",
      404,
    ]);
  });
});

test("the page keeps to its own content security policy", async ({
  proxima,
}) => {
  const { page } = proxima;
  await page.addInitScript(() => {
    const world = globalThis as unknown as { violations: string[] };
    world.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      world.violations.push(`${event.effectiveDirective} ${event.sourceFile}`);
    });
  });
  await page.reload();
  await expect(page.getByRole("main").first()).toBeVisible();
  // A command went through the schemas: zod has looked around by now.
  await callMain(page, "settings", {});
  expect(
    await page.evaluate(
      () => (globalThis as unknown as { violations: string[] }).violations,
    ),
  ).toEqual([]);
});

test.describe("the content security policy", () => {
  test.use({
    expectedProblems: /Content Security Policy|Failed to (load|fetch)|ERR_/,
  });

  test("stops inline script, eval, inline style, and every other origin", async ({
    proxima,
  }) => {
    const { page } = proxima;
    const result = await page.evaluate(async () => {
      const world = globalThis as unknown as {
        broken?: boolean;
        blocked: string[];
      };
      const blocked: string[] = (world.blocked = []);
      document.addEventListener("securitypolicyviolation", (event) => {
        blocked.push(event.effectiveDirective);
      });
      const script = document.createElement("script");
      script.textContent = "globalThis.broken = true";
      document.body.append(script);
      const holder = document.createElement("div");
      holder.innerHTML =
        '<p style="color: red">x</p><img src="x:" onerror="globalThis.broken = true">';
      document.body.append(holder);
      const color = getComputedStyle(holder.firstElementChild ?? holder).color;
      const frame = document.createElement("iframe");
      frame.src = "https://example.org/";
      document.body.append(frame);
      const fetched = await fetch("https://example.org/").then(
        () => true,
        () => false,
      );
      return {
        broken: world.broken === true,
        red: color === "rgb(255, 0, 0)",
        fetched,
      };
    });
    expect(result).toEqual({ broken: false, red: false, fetched: false });
    // Reports come a little later than what they report.
    await expect
      .poll(() =>
        page.evaluate(() => {
          const { blocked } = globalThis as unknown as { blocked: string[] };
          return [...new Set(blocked)].sort();
        }),
      )
      .toEqual([
        "connect-src",
        "frame-src",
        "img-src",
        "script-src-attr",
        "script-src-elem",
        "style-src-attr",
      ]);
    expect(await page.evaluate(() => "broken" in globalThis)).toBe(false);
  });

  test("stops eval", async ({ proxima }) => {
    const evaluated = await proxima.page.evaluate(() => {
      const indirect = globalThis.eval;
      // Directly in the page's own world, as a script of its own would.
      return new Promise((resolve) => {
        setTimeout(() => {
          try {
            resolve(indirect("1 + 1"));
          } catch (error) {
            resolve((error as Error).name);
          }
        });
      });
    });
    expect(evaluated).toBe("EvalError");
  });
});

test("commands are refused when they are not of the contract", async ({
  proxima,
}) => {
  const answers = await proxima.page.evaluate(async () => {
    const { proxima } = globalThis as unknown as {
      proxima: {
        app(
          name: unknown,
          request: unknown,
          bytes?: unknown,
        ): Promise<{ fault?: { code: string } }>;
      };
    };
    const calls: [unknown, unknown, unknown?][] = [
      ["constructor", {}],
      ["__proto__", {}],
      ["quit", {}],
      [7, {}],
      ["settings", { extra: 1 }],
      ["settings.change", { theme: "pink" }],
      ["settings.change", { threads: 1.5 }],
      ["settings.change", { libraryFolder: "/etc" }],
      ["choose.export", { format: "exe", suggestion: "x" }],
      ["clipboard.picture", {}, new Uint8Array([1, 2, 3])],
      ["clipboard.picture", {}, "text"],
    ];
    return Promise.all(
      calls.map(async (call) => (await proxima.app(...call)).fault?.code),
    );
  });
  expect(answers).toEqual(new Array(11).fill("invalid-request"));
});
