import { Socket } from "node:net";
import { PipeMux } from "../../shared/pipe";

/** The descriptor on which main speaks with the host. */
const pipeDescriptor = 3;

/** Throws where the process was not started by main. */
export function openPipe(): PipeMux {
  return new PipeMux(new Socket({ fd: pipeDescriptor }));
}
