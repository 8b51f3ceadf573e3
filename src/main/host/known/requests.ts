/** One request of a download: where it may lead, what it asks for, and how the answer is to be taken. */
import { Fault } from "../../../shared/fault";

export interface Asked {
  readonly url: string;
  /** Bytes that are there already; 0 asks for all of it. */
  readonly from: number;
  /** ETag or date of what is there; the rest is wanted only if it is the same file still. */
  readonly validator: string | null;
  /** Whether http to this very machine is allowed: for tests. */
  readonly loopback: boolean;
}

/** An answer that can be read: from `from` on, of `total` bytes, which may be unknown. */
export interface Answered {
  /** Null: what is there is all of it. */
  readonly body: ReadableStream<Uint8Array> | null;
  readonly from: number;
  readonly total: number | null;
  readonly validator: string | null;
}

const mostRedirects = 10;

/** The file has changed, or is shorter than what is there: nothing of it can be used. */
export class StalePart extends Error {}

/** Throws {@link StalePart}, a Fault, or what fetch throws. */
export async function ask(
  asked: Asked,
  { signal }: { signal: AbortSignal },
): Promise<Answered> {
  const response = await follow(asked, signal);
  const { status, headers, body } = response;
  const from = asked.from > 0 && status === 206 ? asked.from : 0;
  if (status === 416) {
    await body?.cancel();
    const whole = `bytes */${asked.from}`;
    if (asked.from === 0 || headers.get("content-range") !== whole)
      throw new StalePart();
    const { from, validator } = asked;
    return { body: null, from, total: from, validator };
  }
  if ((status !== 200 && status !== 206) || !body) {
    await body?.cancel();
    throw refusedBy(new URL(asked.url).host, status);
  }
  const total =
    status === 206
      ? totalOfRange(headers.get("content-range"), from)
      : wholeNumber(headers.get("content-length"));
  if (total === undefined) {
    await body.cancel();
    throw new StalePart();
  }
  return { body, from, total, validator: validatorOf(headers) };
}

/** Redirects are followed here, so that none leads from https to somewhere that can be listened in. */
async function follow(
  { url, from, validator, loopback }: Asked,
  signal: AbortSignal,
): Promise<Response> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (from > 0) headers["range"] = `bytes=${from}-`;
  if (from > 0 && validator !== null) headers["if-range"] = validator;
  let place = new URL(url);
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    checkPlace(place, loopback);
    const response = await fetch(place.href, {
      headers,
      redirect: "manual",
      signal,
    });
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || !location)
      return response;
    await response.body?.cancel();
    if (!URL.canParse(location, place.href))
      throw new Fault(
        "export-failed",
        `${place.host} leads on to "${location.slice(0, 200)}", which is no address.`,
        "Try again later.",
      );
    place = new URL(location, place);
  }
  throw new Fault(
    "export-failed",
    `${new URL(url).host} leads on more than ${mostRedirects} times.`,
    "Try again later.",
  );
}

function checkPlace({ protocol, hostname, host }: URL, loopback: boolean) {
  if (protocol === "https:") return;
  if (loopback && protocol === "http:" && hostname === "127.0.0.1") return;
  throw new Fault(
    "export-failed",
    `The download leads to ${protocol}//${host}, which is not safe from listeners and liars.`,
    "Download the file by hand, and open it.",
  );
}

function refusedBy(host: string, status: number): Fault {
  const gone = status === 404 || status === 410;
  return new Fault(
    "export-failed",
    gone
      ? `${host} does not have the file any more (${status}).`
      : `${host} does not give the file (${status}).`,
    gone
      ? "Look for it at its maker's, and open it by hand."
      : "Try again later; it goes on where it stopped.",
  );
}

/** "bytes 100-199/200": the total where the range begins where it was asked to; undefined where it does not. */
function totalOfRange(
  header: string | null,
  from: number,
): number | null | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header ?? "");
  if (!match || Number(match[1]) !== from) return undefined;
  return match[3] === "*" ? null : wholeNumber(match[3] ?? null);
}

function wholeNumber(text: string | null): number | null {
  const value = Number(text);
  return text !== null && /^\d+$/.test(text) && Number.isSafeInteger(value)
    ? value
    : null;
}

/** A weak ETag does not promise the same bytes. */
function validatorOf(headers: Headers): string | null {
  const tag = headers.get("etag");
  return tag !== null && !tag.startsWith("W/")
    ? tag
    : headers.get("last-modified");
}
