/**
 * The engine host: plain Node, started by main, which speaks with it on one pipe. Control comes on its own
 * channel, each window's connection on another. The host lives as long as the pipe.
 */
import { control, engine } from "../../shared/contract";
import { controlChannel } from "../../shared/pipe";
import { serve } from "../../shared/rpc";
import { createHost } from "./host";
import { openPipe } from "./pipe-port";

/** Work that does not end by then is given up; finished pictures are on disk long before. */
const patienceMs = 4000;

function start(): void {
  // What is printed goes to the log: main reads both streams.
  const host = createHost({
    log: (line) => {
      console.error(line);
    },
  });
  const onError = (error: unknown, name: string): void => {
    console.error(`${name} failed:`, error);
  };
  const pipe = openPipe();
  pipe.onOpen((channel) => {
    const port = pipe.openPort(channel, false);
    if (channel === controlChannel)
      serve(port, control, host.control, { onError });
    else serve(port, engine, host.engine, { onError });
  });
  pipe.onClose(() => {
    // Served calls are aborted by now; a step that runs natively ends first.
    setTimeout(() => process.exit(0), patienceMs).unref();
    void host.close().finally(() => process.exit(0));
  });
  // Ctrl+C reaches every process of the terminal; main decides, and closes the pipe.
  process.on("SIGINT", () => undefined);
}

start();
