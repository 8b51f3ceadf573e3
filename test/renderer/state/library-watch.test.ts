import { expect, it, vi } from "vitest";
import type { FaultData } from "../../../src/shared/fault";
import { useApps } from "./start-app";

const { start } = useApps();

const gone: FaultData = {
  code: "export-failed",
  message: "The library’s folder /drive is not there.",
  remedy: "Choose another folder.",
};

it("a library that is taken away is told with its cause, and networks are there all the same", async () => {
  let fault: FaultData | null = gone;
  const { app, fake } = await start({ library: () => fault });
  await vi.waitFor(() => {
    expect(app.libraryWatch.fault).toEqual(gone);
  });
  expect(app.networks.current?.id).toBe("toy");
  expect(app.runs.obstacle).toBeNull();
  expect(app.notices.list).toEqual([]);
  const told = app.libraryWatch.fault;
  await app.libraryWatch.check();
  expect(app.libraryWatch.fault).toBe(told);
  fault = null;
  await app.chooseLibraryFolder();
  expect(fake.calls.map(({ name }) => name)).toContain("choose.library");
  expect(app.libraryWatch.fault).toBeNull();
});

it("why the engine is gone is what main says, also where a call failed after that", async () => {
  const { app, fake } = await start();
  const story = { message: "Node was not found.", remedy: "Install Node." };
  fake.emit({ kind: "engine-gone", ...story });
  app.engine.lose({ message: "The engine has stopped.", remedy: "" });
  expect(app.engine.loss).toEqual(story);
  await app.engine.restart();
  await vi.waitFor(() => {
    expect(app.engine.state).toBe("ready");
  });
  const later = { message: "The engine has stopped.", remedy: "" };
  app.engine.lose(later);
  expect(app.engine.loss).toEqual(later);
});

it("an engine that is lost is no fault of the library", async () => {
  const { app, fake } = await start();
  fake.kill();
  await app.libraryWatch.check();
  expect(app.libraryWatch.fault).toBeNull();
});
