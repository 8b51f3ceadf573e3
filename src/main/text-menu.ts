import type { ContextMenuParams, MenuItemConstructorOptions } from "electron";

type Asked = Pick<
  ContextMenuParams,
  "isEditable" | "editFlags" | "selectionText"
>;

/** The menu of a right click on text: what can be done there; empty where that is nothing. */
export function textMenu({
  isEditable,
  editFlags,
  selectionText,
}: Asked): MenuItemConstructorOptions[] {
  if (!isEditable)
    return selectionText.trim() === ""
      ? []
      : [{ role: "copy" }, { type: "separator" }, { role: "selectAll" }];
  return [
    { role: "undo", enabled: editFlags.canUndo },
    { role: "redo", enabled: editFlags.canRedo },
    { type: "separator" },
    { role: "cut", enabled: editFlags.canCut },
    { role: "copy", enabled: editFlags.canCopy },
    { role: "paste", enabled: editFlags.canPaste },
    { type: "separator" },
    { role: "selectAll", enabled: editFlags.canSelectAll },
  ];
}
