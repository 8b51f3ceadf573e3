/** Local servers for the tests of a file, closed after each test. */
import { afterEach } from "vitest";
import { serveFile, type FileServer } from "./serve-file";

export {
  tagOf,
  type Faults,
  type FileServer,
  type Request,
} from "./serve-file";

export function fileServers() {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  return async function serve(content: Uint8Array): Promise<FileServer> {
    const { served, close } = await serveFile(content);
    closing.push(close);
    return served;
  };
}
