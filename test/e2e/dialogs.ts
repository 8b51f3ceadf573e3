import type { ElectronApplication } from "@playwright/test";

export interface DialogAnswers {
  /** What the open dialogs return; empty: cancelled. */
  readonly open?: readonly string[];
  /** What the save dialogs return; undefined: cancelled. */
  readonly save?: string;
  /** Which button of the message boxes is pressed. */
  readonly button?: number;
}

/** A dialog that was shown, as the app asked for it. */
export interface ShownDialog {
  readonly kind: "open" | "save" | "message";
  readonly title?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly buttons?: readonly string[];
  readonly defaultPath?: string;
  readonly properties?: readonly string[];
}

interface WithShown {
  shownDialogs?: ShownDialog[];
}

/** From now on native dialogs answer at once, and what they would have shown is kept. */
export async function answerDialogs(
  app: ElectronApplication,
  answers: DialogAnswers,
): Promise<void> {
  await app.evaluate(({ dialog }, { open = [], save = "", button = 0 }) => {
    const world = globalThis as WithShown;
    const shown = (world.shownDialogs ??= []);
    const keep = (kind: ShownDialog["kind"], values: unknown[]): void => {
      // (window, options) or (options)
      shown.push({ kind, ...(values.at(-1) as object) });
    };
    dialog.showOpenDialog = (...values: unknown[]) => {
      keep("open", values);
      return Promise.resolve({
        canceled: open.length === 0,
        filePaths: [...open],
      });
    };
    dialog.showSaveDialog = (...values: unknown[]) => {
      keep("save", values);
      return Promise.resolve({ canceled: save === "", filePath: save });
    };
    dialog.showMessageBox = (...values: unknown[]) => {
      keep("message", values);
      return Promise.resolve({ response: button, checkboxChecked: false });
    };
  }, answers);
}

/** Every dialog shown since `answerDialogs` was first called. */
export function shownDialogs(app: ElectronApplication): Promise<ShownDialog[]> {
  return app.evaluate(() => (globalThis as WithShown).shownDialogs ?? []);
}
