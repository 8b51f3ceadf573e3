/** A local server of one file, with the faults servers have. */
import { createHash } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface Request {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

export interface Faults {
  /** Does not know ranges: always sends all. */
  noRanges?: boolean;
  /** Sends no ETag. */
  noTag?: boolean;
  /** Ignores If-Range. */
  ignoresIfRange?: boolean;
  /** Says nothing more after so many bytes of an answer, until it is {@link FileServer.cut}; 0 breaks it at once. */
  stopAfter?: number | null;
  /** Answers with this status instead. */
  status?: number | null;
  /** Leads on to there. */
  location?: string | null;
  /** Sends without a length, and without end where it is Infinity. */
  unsized?: number | null;
  /** Says another length than it sends. */
  length?: number | null;
  /** Runs before each answer. */
  before?: (request: Request, count: number) => void;
}

export interface FileServer {
  readonly url: string;
  readonly requests: Request[];
  readonly faults: Faults;
  content: Uint8Array;
  /** Breaks the connection where it has stopped at just so many bytes of the file: they have arrived by then. */
  cut(bytes: number): void;
}

/** Serves one file on this machine until it is closed. */
export async function serveFile(
  content: Uint8Array,
): Promise<{ served: FileServer; close: () => Promise<void> }> {
  const requests: Request[] = [];
  const faults: Faults = {};
  const server = createServer((request, response) => {
    const { range, "if-range": given } = request.headers;
    const ifRange = Array.isArray(given) ? given[0] : given;
    requests.push({ range, ifRange });
    faults.before?.({ range, ifRange }, requests.length);
    const stop = answer(served, request, response);
    if (stop !== null) stopped.set(stop, response);
  });
  const stopped = new Map<number, ServerResponse>();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  // a server that listens on a port has an address
  const { port } = server.address() as AddressInfo;
  const served: FileServer = {
    url: `http://127.0.0.1:${port}/models/net-1234.pth`,
    requests,
    faults,
    content,
    cut(bytes) {
      stopped.get(bytes)?.destroy();
      stopped.delete(bytes);
    },
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => {
        resolve();
      });
    });
  return { served, close };
}

export function tagOf(content: Uint8Array): string {
  return `"${createHash("md5").update(content).digest("hex")}"`;
}

/** Where in the file it stops; null: nowhere. */
function answer(
  { faults, content }: FileServer,
  { headers }: IncomingMessage,
  response: ServerResponse,
): number | null {
  const { status, location } = faults;
  if (location) {
    response.writeHead(302, { location }).end();
    return null;
  }
  if (status) {
    response.writeHead(status).end("no");
    return null;
  }
  if (!faults.noTag) response.setHeader("etag", tagOf(content));
  const asked = /^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1];
  const current =
    faults.ignoresIfRange ||
    headers["if-range"] === undefined ||
    headers["if-range"] === tagOf(content);
  const partial = asked !== undefined && !faults.noRanges && current;
  const from = partial ? Number(asked) : 0;
  if (from >= content.length && partial) {
    response.setHeader("content-range", `bytes */${content.length}`);
    response.writeHead(416).end();
    return null;
  }
  const rest = content.subarray(from);
  const { unsized, length } = faults;
  if (unsized === undefined || unsized === null)
    response.setHeader("content-length", length ?? rest.length);
  if (partial)
    response.setHeader(
      "content-range",
      `bytes ${from}-${content.length - 1}/${content.length}`,
    );
  response.writeHead(partial ? 206 : 200);
  return send(faults, rest, response) ? from + Number(faults.stopAfter) : null;
}

/** True: it has stopped in the middle. */
function send(
  { stopAfter, unsized }: Faults,
  rest: Uint8Array,
  response: ServerResponse,
): boolean {
  if (unsized === Infinity) {
    const more = () => {
      while (!response.destroyed && response.write(rest));
      if (!response.destroyed) response.once("drain", more);
    };
    more();
    return false;
  }
  if (stopAfter === undefined || stopAfter === null) {
    response.end(rest);
    return false;
  }
  if (stopAfter === 0) response.destroy();
  else response.write(rest.subarray(0, stopAfter));
  return stopAfter > 0;
}
