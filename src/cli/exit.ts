/** Exit codes of the command line. */
import { Fault, type FaultCode } from "../shared/fault";

export const exitCodes = {
  done: 0,
  usage: 2,
  /** A file or network that cannot be read, or a place that cannot be written. */
  refused: 3,
  engine: 4,
  cancelled: 130,
} as const;

const codeOfFault: Readonly<Record<FaultCode, number>> = {
  "invalid-request": exitCodes.usage,
  "unknown-network": exitCodes.refused,
  "damaged-file": exitCodes.refused,
  "unsupported-network": exitCodes.refused,
  "export-failed": exitCodes.refused,
  "not-finite": exitCodes.engine,
  "out-of-memory": exitCodes.engine,
  "engine-gone": exitCodes.engine,
  internal: exitCodes.engine,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof Fault ? codeOfFault[error.code] : exitCodes.engine;
}

/** A mistake on the command line. */
export function usage(message: string, remedy = ""): Fault {
  return new Fault("invalid-request", message, remedy);
}
