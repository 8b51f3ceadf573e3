import { experimentSpecs, type ExperimentId } from "../../shared/lab";
import type { PageFormat } from "../../shared/contract";
import { pageHtml } from "../lib/page-html";
import { text } from "../lib/readers";
import { LabRun, type LabServices } from "./lab-run.svelte";

type Runs = { readonly [K in ExperimentId]: LabRun<K> };

/** A page of the Lab that is on the screen, for the commands that mean it. */
export interface ShownPage {
  readonly title: string;
  /** Its content; what is marked `data-export="omit"` is no part of it. */
  readonly element: HTMLElement;
  /** The page's data, beside its title. */
  readonly data: () => Readonly<Record<string, unknown>>;
  readonly run: () => void;
  readonly stop: () => void;
}

const pageKey = "lab:page";

/** The Lab: its pages and the runs of its experiments, which go on whatever is looked at. */
export class Lab {
  /** Id of the page that is, or would be, on the screen. */
  page = $state("");
  shown = $state.raw<ShownPage | null>(null);
  readonly #services: LabServices;
  readonly #runs: Runs;

  constructor(services: LabServices) {
    this.#services = services;
    const ids = Object.keys(experimentSpecs) as ExperimentId[];
    // Each id has its own run; fromEntries cannot say so.
    this.#runs = Object.fromEntries(
      ids.map((id) => [id, new LabRun(id, services)]),
    ) as unknown as Runs;
  }

  /** The run of an experiment: one for the life of the window. */
  of<K extends ExperimentId>(id: K): LabRun<K> {
    return this.#runs[id];
  }

  isRunning(id: ExperimentId): boolean {
    return this.#runs[id].busy;
  }

  get running(): boolean {
    return Object.values(this.#runs).some((run) => run.busy);
  }

  /** Takes what was remembered. */
  recall(): void {
    this.page = this.#services.remembered.get(pageKey, text) ?? this.page;
    for (const run of Object.values(this.#runs)) run.recall();
  }

  /** Writes the page that is shown: as it looks, or its data. */
  async exportPage(format: "html" | "json"): Promise<void> {
    const { shown } = this;
    if (!shown) return;
    const { title } = shown;
    await this.#save(format, title, () =>
      format === "html"
        ? pageHtml(shown.element, { title, facts: this.#facts() })
        : `${JSON.stringify(this.#data(shown), undefined, 2)}\n`,
    );
  }

  /** Writes a table that is text already. */
  async saveTable(title: string, csv: string): Promise<void> {
    await this.#save("csv", title, () => csv);
  }

  async #save(
    format: PageFormat,
    title: string,
    text: () => string,
  ): Promise<void> {
    const { app, notices } = this.#services;
    try {
      const bytes = new TextEncoder().encode(text());
      const suggestion = title.slice(0, 200);
      const saved = await app.call(
        "page.save",
        { format, suggestion },
        { bytes },
      );
      if (!saved) return;
      notices.info(`Wrote ${saved.name}.`, {
        topic: "page",
        action: {
          label: "Show in folder",
          run: () => {
            app
              .call("file.reveal", { token: saved.token })
              .catch((error: unknown) => {
                notices.error(error);
              });
          },
        },
      });
    } catch (error) {
      notices.error(error, { topic: "page" });
    }
  }

  #data(shown: ShownPage): Readonly<Record<string, unknown>> {
    const { status } = this.#services.engine;
    return {
      format: "proxima-lab-page",
      version: 1,
      title: shown.title,
      writtenAt: new Date().toISOString(),
      backend: status?.title ?? null,
      versions: status?.versions ?? {},
      ...shown.data(),
    };
  }

  #facts(): string[] {
    const { status } = this.#services.engine;
    return [
      ["Proxima", status?.title, new Date().toISOString().slice(0, 10)]
        .filter((fact) => fact !== undefined)
        .join(" · "),
    ];
  }

  turnTo(page: string): void {
    this.page = page;
    this.#services.remembered.set(pageKey, page);
  }
}
