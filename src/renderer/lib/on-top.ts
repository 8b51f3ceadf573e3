/**
 * Keeps an element in sight and in reach while modal dialogs come and go: what lies outside the topmost one
 * is covered, inert and not read out, so the element moves into it, and back. Returns its off.
 */
export function keepOnTop(element: HTMLElement): () => void {
  const home = element.parentElement;
  const place = (): void => {
    const dialogs = document.querySelectorAll("dialog:modal");
    const into = dialogs[dialogs.length - 1] ?? home;
    if (into && element.parentElement !== into) into.append(element);
  };
  const observer = new MutationObserver(place);
  observer.observe(document.documentElement, {
    subtree: true,
    attributeFilter: ["open"],
  });
  place();
  return () => {
    observer.disconnect();
    home?.append(element);
  };
}
