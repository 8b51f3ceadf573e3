/**
 * Puts text on the clipboard; false where the browser would not. The asynchronous clipboard needs a permission,
 * and the window is given none; copying a selection after a press needs nothing.
 */
export function copyText(text: string): boolean {
  const take = (event: ClipboardEvent): void => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener("copy", take, { capture: true, once: true });
  try {
    return document.execCommand("copy");
  } finally {
    document.removeEventListener("copy", take, { capture: true });
  }
}
