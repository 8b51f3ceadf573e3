import { describe, expect, it } from "vitest";
import { textMenu } from "../../src/main/text-menu";

const editFlags = {
  canUndo: false,
  canRedo: false,
  canCut: true,
  canCopy: true,
  canPaste: true,
  canDelete: true,
  canSelectAll: true,
  canEditRichly: false,
};
const roles = (asked: Parameters<typeof textMenu>[0]) =>
  textMenu(asked).flatMap(({ role, enabled = true }) =>
    role ? [`${enabled ? "" : "-"}${role}`] : [],
  );

describe("a right click on text", () => {
  it("in a field offers what the field can do", () => {
    expect(roles({ isEditable: true, editFlags, selectionText: "a" })).toEqual([
      "-undo",
      "-redo",
      "cut",
      "copy",
      "paste",
      "selectAll",
    ]);
  });

  it("on chosen text copies it, and elsewhere shows nothing", () => {
    const flags = { ...editFlags, canCut: false, canPaste: false };
    expect(
      roles({ isEditable: false, editFlags: flags, selectionText: "top-1" }),
    ).toEqual(["copy", "selectAll"]);
    expect(
      roles({ isEditable: false, editFlags: flags, selectionText: " " }),
    ).toEqual([]);
  });
});
