/** The Lab's rows of the engine table. */
import { join } from "node:path";
import type { ImageSource } from "../../../engine";
import type { EngineTable } from "../../../shared/contract";
import { Fault } from "../../../shared/fault";
import {
  experimentSpecs,
  isExperimentId,
  worksWithTensors,
} from "../../../shared/lab";
import { toPicture } from "../../../shared/pictures";
import type { Handlers } from "../../../shared/rpc";
import type { Backend } from "../backend";
import type { JobQueue } from "../jobs";
import type { Networks } from "../networks";
import { imageFolder } from "./image-folder";
import { LabBench } from "./lab";
import type { LabRequest } from "./request";

type LabTable = Pick<EngineTable, "lab.stored" | "lab.run" | "lab.picture">;

export interface LabHost {
  readonly networks: () => Promise<Networks>;
  readonly backend: () => Promise<Backend>;
  /** The app's own folder. */
  readonly dataFolder: () => Promise<string>;
  readonly pathOf: (token: string) => string;
  readonly jobs: JobQueue;
  /** Aborted when the host closes. */
  readonly closing: AbortSignal;
}

/** The folder of the Lab's results inside the app's own. */
export function labIn(dataFolder: string): string {
  return join(dataFolder, "lab");
}

export function labHandlers(host: LabHost): Handlers<LabTable> {
  async function requestOf({
    experiment,
    network,
    settings,
    images,
  }: {
    experiment: string;
    network: string | null;
    settings: unknown;
    images: string | null;
  }): Promise<LabRequest> {
    if (!isExperimentId(experiment))
      throw new Fault("invalid-request", "There is no such experiment.");
    const spec = experimentSpecs[experiment];
    const source: ImageSource | null =
      images === null ? null : await imageFolder(host.pathOf(images));
    return {
      experiment,
      settings,
      network:
        network === null ? null : await (await host.networks()).get(network),
      backend: worksWithTensors(spec) ? await host.backend() : null,
      images: source,
      folder: labIn(await host.dataFolder()),
    };
  }

  const open = async (asked: Parameters<typeof requestOf>[0]) =>
    LabBench.open(await requestOf(asked));

  return {
    "lab.stored": async (request) => {
      const { rows, missing, summary } = (await open(request)).stored();
      return { rows: [...rows], missing, summary };
    },
    "lab.run": async ({ fresh, ...request }, context) => {
      const signal = AbortSignal.any([context.signal, host.closing]);
      const run = async () => {
        const bench = await open(request);
        return bench.run({
          signal,
          fresh,
          progress: context.progress.bind(context),
          viewer: {
            wants: context.wants.bind(context),
            frame: (slot, header, image) => {
              const { values } = toPicture(header.shape, image);
              context.frame(slot, header, new Uint8Array(values.buffer));
            },
          },
        });
      };
      const heavy =
        isExperimentId(request.experiment) &&
        experimentSpecs[request.experiment].heavy;
      const { rows, missing, summary } = await (heavy
        ? host.jobs.run(run, { signal })
        : run());
      return {
        rows: [...rows],
        missing,
        summary,
        state: signal.aborted && missing > 0 ? "cancelled" : "done",
      };
    },
    "lab.picture": async ({ key, ...asked }) => {
      // where a picture is kept does not depend on the folder of images, which is slow to look through
      const request = await requestOf({ ...asked, images: null });
      const picture = await LabBench.picture(request, key);
      if (!picture) return null;
      const { values } = toPicture(picture.shape, picture.values);
      return {
        reply: { shape: [...picture.shape] },
        bytes: new Uint8Array(values.buffer),
      };
    },
  };
}
