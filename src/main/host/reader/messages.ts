/** What the host and a reading thread tell each other. */
import type { PortableNetwork } from "../../../engine";
import type { FaultData } from "../../../shared/fault";
import type { ReadRequest, ReadResult } from "../read-network";

export interface Job {
  readonly path: string;
  readonly request: ReadRequest;
}

export type PortableResult = Omit<ReadResult, "network"> & {
  readonly network: PortableNetwork;
};

export type FromThread =
  | { readonly kind: "alive" }
  | {
      readonly kind: "progress";
      readonly stage: string;
      readonly bytes: number;
      readonly total: number;
    }
  | { readonly kind: "done"; readonly result: PortableResult }
  | { readonly kind: "aborted" }
  | { readonly kind: "fault"; readonly fault: FaultData };

export type ToThread = { readonly kind: "abort" } | { readonly kind: "ping" };
