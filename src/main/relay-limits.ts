/** What a window may send the engine: a page that errs or means harm costs its connection, never the engine's run. */
import type { PortEnvelope } from "../shared/message-port";

export const relayLimits = {
  /** Bytes of a header, as UTF-8. */
  header: 2 ** 20,
  /** Bytes of a whole message. */
  message: 256 * 2 ** 20,
  /** Brackets within brackets in a header. */
  depth: 64,
  /** Bytes that wait in memory for an engine that does not read. */
  waiting: 256 * 2 ** 20,
} as const;

/** Why a message goes no further; null where it may. */
export function refusal(
  envelope: Exclude<PortEnvelope, { closed: true }>,
): string | null {
  const { header } = envelope;
  // a code unit has at least a byte; what is far too long is not counted out
  const bytes =
    header.length > relayLimits.header ? Infinity : Buffer.byteLength(header);
  if (bytes > relayLimits.header) return "its header is too long";
  if (sizeOf(envelope) > relayLimits.message) return "it is too large";
  if (depthOf(header) > relayLimits.depth) return "its header is too deep";
  return null;
}

/** Bytes of a message whose header is within its limit. */
export function sizeOf({
  header,
  bytes,
}: Exclude<PortEnvelope, { closed: true }>): number {
  return Buffer.byteLength(header) + (bytes?.byteLength ?? 0);
}

/** How deep the brackets of a JSON text nest; brackets in strings are text. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === "\\") i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") deepest = Math.max(deepest, ++depth);
    else if (char === "}" || char === "]") depth--;
  }
  return deepest;
}
