import { exportGallery } from "../../main/host/export";
import { contrastSchema, exportFormatSchema } from "../../shared/domain";
import { needed, readChoice } from "../arguments";
import type { Command } from "../command";
import { exitCodes, usage } from "../exit";
import { ProgressLine } from "../progress-line";

export const exportCommand: Command = {
  name: "export",
  synopsis: "DIR --format html|sheet|csv|png|npy|records --out FILE",
  summary:
    "Write a gallery as a page, a contact sheet, a table or single files.",
  positionals: { min: 1, max: 1 },
  flags: {
    format: {
      value: "F",
      help: "html, sheet (PNG), csv: one file; png, npy, records: a folder",
    },
    out: { value: "FILE", help: "the file, which is replaced, or the folder" },
    contrast: {
      value: "C",
      help: "raw, sigma (mean +-3 standard deviations) or percentile (1-99 %); raw pictures always go along",
    },
    force: { help: "replace files that are in the folder" },
  },
  async run([folder = ""], values, context) {
    const format = readChoice(
      "--format",
      needed("--format", values.one("format")),
      exportFormatSchema.options,
    );
    const contrast = readChoice(
      "--contrast",
      values.one("contrast") ?? "sigma",
      contrastSchema.options,
    );
    const out = needed("--out", values.one("out"));
    const single = format === "html" || format === "sheet" || format === "csv";
    const line = new ProgressLine(context.stderr, "export");
    const outcome = await exportGallery(
      {
        folder,
        runs: null,
        format,
        contrast,
        out,
        overwrite: single || values.has("force"),
      },
      {
        signal: context.signal,
        progress: ({ done, total }) => {
          line.show(done, total);
        },
      },
    ).finally(() => {
      line.clear();
    });
    switch (outcome.outcome) {
      case "cancelled":
        return exitCodes.cancelled;
      case "exists":
        throw usage(
          `${out} holds ${outcome.files[0]} already.`,
          "Choose another folder, or give --force.",
        );
      case "written": {
        const { files, bytes, left } = outcome;
        for (const why of left) context.warn(`Left out: ${why}`);
        context.emit({ format, out, files, bytes, left });
        context.print(
          `${files} ${files === 1 ? "file" : "files"} written: ${out}`,
        );
        return exitCodes.done;
      }
    }
  },
};
