/** Text in SVG, which neither breaks nor shortens lines by itself. */
import { escapeXml } from "./encode";

/** Of what a machine may have, the ones that look like the app's; the last is always there. */
export const fontStack =
  "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', 'Noto Sans', sans-serif";

/** Width of a text in pixels, guessed generously: the fonts of the stack differ by a fifth. */
export function textWidth(text: string, size: number, bold = false): number {
  let ems = 0;
  for (const character of text) ems += advance(character);
  return ems * size * (bold ? 1.08 : 1);
}

function advance(character: string): number {
  if (/[\p{Mn}\p{Cf}]/u.test(character)) return 0;
  if (/[ .,:;!|'iljftI()[\]·]/.test(character)) return 0.36;
  if (/[mwMW@%—]/.test(character)) return 0.95;
  // Chinese, Japanese, Korean, full-width forms and emoji.
  if (/[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7ff\uff00-\uffef]/.test(character))
    return 1.05;
  if ((character.codePointAt(0) ?? 0) > 0xffff) return 1.35;
  return /[A-Z]/.test(character) ? 0.7 : 0.61;
}

/** The text, or as much of it as fits with an ellipsis. */
export function ellipsise(
  text: string,
  width: number,
  size: number,
  bold = false,
): string {
  if (textWidth(text, size, bold) <= width) return text;
  let kept = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (textWidth(`${kept}${segment}…`, size, bold) > width) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** At most `lines` lines, broken at spaces (not at no-break spaces); the last one ends in an ellipsis where the text does not fit. */
export function wrap(
  text: string,
  width: number,
  size: number,
  lines: number,
  bold = false,
): string[] {
  const out: string[] = [];
  let line = "";
  for (const word of text.split(/ +/).filter(Boolean)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && textWidth(longer, size, bold) > width) {
      out.push(line);
      line = word;
    } else line = longer;
  }
  if (line) out.push(line);
  const rest = out.splice(lines - 1).join(" ");
  return [...out, rest]
    .filter(Boolean)
    .map((part) => ellipsise(part, width, size, bold));
}

export interface TextStyle {
  readonly size: number;
  readonly fill: string;
  readonly bold?: boolean;
  readonly anchor?: "start" | "middle" | "end";
}

/** One line of text, `y` its baseline. */
export function svgText(
  x: number,
  y: number,
  text: string,
  { size, fill, bold = false, anchor = "start" }: TextStyle,
): string {
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}" font-weight="${bold ? 600 : 400}" text-anchor="${anchor}" xml:space="preserve">${escapeXml(text)}</text>`;
}

export function svgDocument(
  width: number,
  height: number,
  parts: readonly string[],
): Buffer {
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="${fontStack}" style="font-variant-numeric:tabular-nums">${parts.join("")}</svg>`,
  );
}
