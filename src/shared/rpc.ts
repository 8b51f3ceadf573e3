/**
 * Typed calls over a Port. Wire: call, cancel, credit -> ok, fault, progress, frame;
 * exactly one terminal message (ok or fault) an id.
 */
export { connect, type ConnectOptions } from "./rpc/connect";
export { serve, type ServeOptions } from "./rpc/serve";
export type {
  CallContext,
  CallOptions,
  Client,
  CommandNames,
  Handlers,
  JobContext,
  JobNames,
  JobOptions,
  Table,
  WithBytes,
} from "./rpc/types";
