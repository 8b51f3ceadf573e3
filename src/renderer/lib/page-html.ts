/**
 * A page of the window as one HTML file that needs nothing else: the page's own elements, the rules of the window's
 * style sheets that apply to them, canvases as pictures, fields as their values. No scripts; dark or light as the
 * reader's system is, light on paper.
 *
 * `data-export` on an element: "omit" leaves it out, "whole" shows all that scrolls, "chosen" keeps of its buttons
 * the pressed one, as text.
 */
export function pageHtml(
  element: HTMLElement,
  {
    title,
    facts,
  }: { readonly title: string; readonly facts: readonly string[] },
): string {
  const copy = copyOf(element);
  const holder = document.createElement("div");
  holder.append(copy);
  const rules = [...document.styleSheets].flatMap((sheet) =>
    rulesFor([...sheet.cssRules], holder),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Proxima">
<title>${escapeHtml(title)} · Proxima</title>
<style>
${tokens()}
${rules.join("\n")}
${ownStyle}
</style>
</head>
<body>
<main>
${holder.innerHTML.replace(/<!--[\s\S]*?-->/g, "")}
</main>
<footer>${facts.map((fact) => `<p>${escapeHtml(fact)}</p>`).join("")}</footer>
</body>
</html>
`;
}

const ownStyle = `html, body { height: auto; overflow: visible; }
body { margin: 0; background: var(--bg); color: var(--text); font: var(--font-size) / 1.4 var(--font); font-variant-numeric: tabular-nums; }
main { max-width: 1240px; margin: 0 auto; }
footer { max-width: 1240px; margin: 0 auto; padding: 0 28px 40px; color: var(--dim); font-size: var(--small); }
[data-export="whole"] { max-height: none !important; overflow: visible !important; }
.page-value { display: inline-block; padding: 3px 0; }
figure > svg { max-width: 100%; height: auto; }
.page-picture { display: block; }
.page-picture.crisp { image-rendering: pixelated; }
* { user-select: auto !important; }
@media print { main, footer { max-width: none; } figure, tr { break-inside: avoid; } }`;

/** What the elements look like without the window: fields as text, canvases as pictures, nothing to press. */
function copyOf(element: HTMLElement): HTMLElement {
  // A clone of an HTMLElement is one.
  const copy = element.cloneNode(true) as HTMLElement;
  const pairs = <T extends Element>(selector: string) => {
    const found = [...copy.querySelectorAll<T>(selector)];
    return [...element.querySelectorAll<T>(selector)].flatMap((from, i) => {
      const to = found[i];
      return to ? [{ from, to }] : [];
    });
  };
  // All pairs are found before anything changes.
  const canvases = pairs<HTMLCanvasElement>("canvas");
  const fields = pairs<HTMLInputElement | HTMLSelectElement>("input, select");
  for (const { from, to } of canvases) to.replaceWith(pictureOf(from));
  for (const { from, to } of fields) {
    const off =
      from instanceof HTMLInputElement &&
      (from.type === "radio" || from.type === "checkbox");
    if (!off) to.replaceWith(textOf(valueOf(from)));
    else if (from.type === "checkbox")
      to.replaceWith(textOf(from.checked ? "✓" : "–")); // prettier-ignore
    else if (from.checked) to.remove();
    else (to.closest("label") ?? to).remove();
  }
  for (const group of copy.querySelectorAll('[data-export="chosen"]'))
    group.replaceWith(
      textOf(group.querySelector('[aria-pressed="true"]')?.textContent ?? ""),
    );
  for (const gone of copy.querySelectorAll(
    '[data-export="omit"], button, script',
  ))
    gone.remove();
  for (const shut of copy.querySelectorAll("details")) shut.open = true;
  for (const node of copy.querySelectorAll("[tabindex]"))
    node.removeAttribute("tabindex");
  for (const set of copy.querySelectorAll("fieldset")) set.disabled = false;
  return copy;
}

function valueOf(field: HTMLInputElement | HTMLSelectElement): string {
  return field instanceof HTMLSelectElement
    ? (field.selectedOptions[0]?.textContent ?? "")
    : field.value;
}

function textOf(text: string): HTMLElement {
  const span = document.createElement("span");
  span.className = "page-value";
  span.textContent = text.trim();
  return span;
}

function pictureOf(canvas: HTMLCanvasElement): HTMLElement {
  const image = document.createElement("img");
  image.src = canvas.toDataURL("image/png");
  image.alt = canvas.getAttribute("aria-label") ?? "";
  image.className = `${canvas.className} page-picture`;
  image.style.cssText = canvas.style.cssText;
  return image;
}

/** The rules that apply to something in `holder`, as text. Tokens, and what is for pressing, are left out. */
function rulesFor(rules: readonly CSSRule[], holder: HTMLElement): string[] {
  return rules.flatMap((rule) => {
    if (rule instanceof CSSImportRule)
      return rulesFor([...(rule.styleSheet?.cssRules ?? [])], holder);
    if (rule instanceof CSSStyleRule)
      return !isTokens(rule) && applies(rule.selectorText, holder)
        ? [rule.cssText]
        : [];
    if (rule instanceof CSSGroupingRule) {
      const inner = rulesFor([...rule.cssRules], holder);
      const head = rule.cssText.slice(0, rule.cssText.indexOf("{"));
      return inner.length > 0 ? [`${head}{\n${inner.join("\n")}\n}`] : [];
    }
    return [];
  });
}

function isTokens({ selectorText }: CSSStyleRule): boolean {
  return /:root|\[data-theme/.test(selectorText);
}

function applies(selector: string, holder: HTMLElement): boolean {
  if (/:(hover|focus|active|disabled)|::-webkit/.test(selector)) return false;
  try {
    // "*, ::before" is about every element, "p::before" about paragraphs.
    const elements = selector
      .replace(/(^|[\s,>+~])::[\w-]+/g, "$1*")
      .replace(/::[\w-]+/g, "");
    return holder.querySelector(elements) !== null;
  } catch {
    return false;
  }
}

/** The window's colours: dark, light where the reader's system is, and light on paper. */
function tokens(): string {
  const found = { both: "", dark: "", light: "" };
  const take = (rules: readonly CSSRule[]): void => {
    for (const rule of rules)
      if (rule instanceof CSSImportRule)
        take([...(rule.styleSheet?.cssRules ?? [])]);
      else if (rule instanceof CSSStyleRule && isTokens(rule)) {
        const { selectorText, style } = rule;
        if (selectorText.includes("light")) found.light += style.cssText;
        else if (selectorText.includes("dark")) found.dark += style.cssText;
        else found.both += style.cssText;
      }
  };
  for (const sheet of document.styleSheets) take([...sheet.cssRules]);
  return `:root { ${found.both} ${found.dark} }
@media (prefers-color-scheme: light) { :root { ${found.light} } }
@media print { :root { ${found.light} } }`;
}

function escapeHtml(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
