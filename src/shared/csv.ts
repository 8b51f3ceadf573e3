/** Text of strangers in tables that spreadsheets open: RFC 4180, and never a formula. */

/**
 * Where a formula may begin: at the start of a field or of a line in it, behind blanks and marks without a width, also
 * with the full-width signs that some spreadsheets take for the usual ones.
 */
const formula =
  /(?:^|[\r\n\u0085\u2028\u2029])[\s\p{Cf}\p{Cc}]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

/** A text that a spreadsheet would take for a formula gets an apostrophe in front: it is shown as text. */
export function asText(text: string): string {
  return /^[\t\r\n]/.test(text) || formula.test(text) ? `'${text}` : text;
}

/** One field of CSV; a text is guarded, a number is written as it is. Empty where there is no value. */
export function csvField(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = asText(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
