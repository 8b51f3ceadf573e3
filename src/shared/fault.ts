import { z } from "zod";

/** Every code a fault may carry. A cancelled or silent run is a result, never a fault. */
export const faultCodes = [
  "invalid-request",
  "unknown-network",
  "damaged-file",
  "unsupported-network",
  "not-finite",
  "out-of-memory",
  "engine-gone",
  "export-failed",
  "internal",
] as const;

/** Longer texts are cut when a fault is encoded: a fault must never be refused for its length. */
const maxText = 4000;

export const faultSchema = z.strictObject({
  code: z.enum(faultCodes),
  /** One plain sentence: what was found. */
  message: z.string().max(maxText),
  /** One plain sentence: what to do about it; empty where nothing helps. */
  remedy: z.string().max(maxText),
});

export type FaultCode = (typeof faultCodes)[number];
export type FaultData = z.infer<typeof faultSchema>;

/** An error the user is meant to read. Crosses every boundary as {@link FaultData}. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly remedy: string;

  constructor(
    code: FaultCode,
    message: string,
    remedy = "",
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "Fault";
    this.code = code;
    this.remedy = remedy;
  }
}

/** What anything thrown looks like as data; an unknown error becomes `internal`. */
export function encodeFault(error: unknown): FaultData {
  if (error instanceof Fault)
    return {
      code: error.code,
      message: error.message.slice(0, maxText),
      remedy: error.remedy.slice(0, maxText),
    };
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "internal",
    message:
      `Something went wrong that Proxima did not expect: ${message}`.slice(
        0,
        maxText,
      ),
    remedy: "The log holds the details.",
  };
}

export function decodeFault(data: FaultData): Fault {
  return new Fault(data.code, data.message, data.remedy);
}
