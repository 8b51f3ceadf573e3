/** What an experiment is asked for, whether it can be done here, and where its results are kept. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { experiments, type ImageSource } from "../../../engine";
import { precisionSchema } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import { worksOnNetwork, type ExperimentId } from "../../../shared/lab";
import { check } from "../../../shared/rpc/wire";
import { checkPrecision, type Backend } from "../backend";
import { checkBatch } from "../memory";
import type { OpenedNetwork } from "../networks";

/** What an experiment is run on. */
export interface LabRequest {
  readonly experiment: ExperimentId;
  readonly settings: unknown;
  readonly network: OpenedNetwork | null;
  /** Null for experiments that do not work with tensors. */
  readonly backend: Backend | null;
  readonly images: ImageSource | null;
  /** `<data folder>/lab`. */
  readonly folder: string;
}

/** Settings with their defaults, the network where these work on one, and where their results are kept. */
export function placeOf(request: LabRequest): {
  readonly settings: unknown;
  readonly network: OpenedNetwork | null;
  readonly folder: string;
} {
  const { spec } = experiments[request.experiment];
  const settings = check(spec.settings, request.settings);
  if (settings.problem !== undefined)
    throw new Fault(
      "invalid-request",
      `The settings are not valid: ${settings.problem}.`,
    );
  // settings are an object by every experiment's schema
  const network = worksOnNetwork(spec, settings.value as object)
    ? request.network
    : null;
  if (spec.network === "needed" && !network)
    throw new Fault(
      "invalid-request",
      "This experiment needs a network.",
      "Open one first.",
    );
  const name = storeName(network, request.backend);
  const folder = join(request.folder, spec.id, name);
  return { settings: settings.value, network, folder };
}

/** The settings by which an ascent can be too much for a machine; an experiment that has them names them so. */
const machineSchema = z.object({
  precision: precisionSchema.nullable().default(null),
  batch: z.int().nullable().default(null),
});

/** Throws a Fault where the machine cannot compute in this precision, or a batch through the network does not fit. */
export function checkMachine(
  settings: unknown,
  network: OpenedNetwork | null,
  backend: Backend | null,
): void {
  const { data } = machineSchema.safeParse(settings);
  if (data?.precision && backend)
    checkPrecision(backend.status, data.precision);
  if (data?.batch && network) checkBatch(network.network, data.batch);
}

/** Rows depend on the network with its answers, and on the backend's arithmetic. */
function storeName(
  network: OpenedNetwork | null,
  backend: Backend | null,
): string {
  const arithmetic = backend?.status.backend ?? "none";
  if (!network) return `no-network-${arithmetic}`;
  const { hash, identity, input, preprocessing, head, report } = network.info;
  const { assumptions, outputs } = report;
  if (head !== "softmax" || assumptions.length > 0 || outputs.length > 1)
    return `${hash.slice(0, 16)}-${identity.slice(0, 16)}-${arithmetic}`;
  // without other answers the name is the one before identities, so that rows kept then are found
  const answers = createHash("sha256")
    .update(JSON.stringify([input, preprocessing]))
    .digest("hex");
  return `${hash.slice(0, 16)}-${answers.slice(0, 8)}-${arithmetic}`;
}
