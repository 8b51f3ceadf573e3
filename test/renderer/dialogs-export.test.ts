import { describe, expect, it } from "vitest";
import { exportFormats } from "../../src/renderer/components/dialogs/export-formats";
import {
  runsOf,
  suggestName,
} from "../../src/renderer/components/dialogs/export-plan";
import { exportFormatSchema } from "../../src/shared/domain";
import { galleryRecord, runRecord } from "../support/records";

const runs = [0, 1, 2].flatMap((row) =>
  [0, 1].map((column) =>
    runRecord({
      id: `${row}-${column}`,
      tile: { row, column, seed: 0 },
      label: ["ant", "bee", "cat"][row] ?? "",
    }),
  ),
);

describe("what is exported", () => {
  it("everything is said as null, so that later runs belong to it", () => {
    expect(runsOf("all", runs, ["0-0"])).toBeNull();
  });

  it("chosen pictures, or their whole rows", () => {
    expect(runsOf("chosen", runs, ["0-1", "2-0"])).toEqual(["0-1", "2-0"]);
    expect(runsOf("rows", runs, ["0-1", "2-0"])).toEqual([
      "0-0",
      "0-1",
      "2-0",
      "2-1",
    ]);
  });

  it("every format of the contract is offered, once", () => {
    expect(exportFormats.map((one) => one.format).sort()).toEqual(
      [...exportFormatSchema.options].sort(),
    );
  });
});

describe("the suggested name", () => {
  it("says what is in it", () => {
    const gallery = galleryRecord();
    expect(suggestName(gallery, runs, 6)).toBe("Toy, 6 pictures, 2026-01-01");
    expect(suggestName(gallery, runs.slice(0, 2), 2)).toBe(
      "Toy, ant, 2026-01-01",
    );
    expect(suggestName(gallery, [], 0)).toBe("gallery, 0 pictures, 2026-01-01");
  });

  it("stays within the contract's 200 characters", () => {
    const long = runRecord({ label: "x".repeat(1000) });
    expect(suggestName(galleryRecord(), [long], 1)).toHaveLength(200);
  });
});
