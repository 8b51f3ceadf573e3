/** A picture for every run: as the contrast rule shows it, and raw beside it. Each says where it comes from. */
import { spellMethod, titleMethod } from "../../../shared/method";
import { titleTarget } from "../../../shared/target";
import type { Contrast, RunRecord } from "../../../shared/domain";
import { escapeXml, rendered } from "./encode";
import type { ExportFormatWriter, ExportJob } from "./format";
import { fileStems } from "./names";
import { readPicture } from "./source";
import { contrastTitles } from "./words";

export const png: ExportFormatWriter = {
  kind: "folder",
  files: (job) =>
    stems(job).flatMap((stem) => rules(job).map((rule) => named(stem, rule))),
  async write(job, stage, { signal, progress }) {
    const names = stems(job);
    for (const [index, tile] of job.source.tiles.entries()) {
      signal.throwIfAborted();
      const picture = await readPicture(tile);
      for (const rule of rules(job)) {
        const bytes = await rendered(picture, rule)
          .withExif(exif(tile.run))
          .withXmp(xmp(tile.run, rule))
          .png()
          .toBuffer();
        await stage.write(named(names[index] ?? "", rule), bytes);
      }
      progress(index + 1);
    }
  },
};

function stems({ source }: ExportJob): string[] {
  return fileStems(source.tiles.map(({ run }) => run));
}

function rules({ contrast }: ExportJob): Contrast[] {
  return contrast === "raw" ? ["raw"] : [contrast, "raw"];
}

function named(stem: string, rule: Contrast): string {
  return `${stem}-${rule}.png`;
}

/** For programs that show no XMP; EXIF's texts are ASCII. */
function exif(run: RunRecord) {
  return {
    IFD0: {
      Software: "Proxima",
      ImageDescription: `${run.target.minimise ? "minimised target" : "target"} ${run.target.index}, ${spellMethod(run.method)}, score ${run.score}`,
    },
  };
}

/** Title, licence and the run's record (without its trace) as Dublin Core. */
function xmp(run: RunRecord, rule: Contrast): string {
  // JSON leaves out what is undefined; a trace is long, and in run.json.
  const record = { ...run, trace: undefined, contrast: rule };
  const text = (name: string, value: string) =>
    `<dc:${name}><rdf:Alt><rdf:li xml:lang="x-default">${escapeXml(value)}</rdf:li></rdf:Alt></dc:${name}>`;
  return [
    `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>`,
    `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">`,
    `<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Proxima">`,
    text(
      "title",
      `${titleTarget(run.label, run.target)} (${run.target.index}), ${titleMethod(run.method)}, ${run.network.name}, contrast ${contrastTitles[rule]}`,
    ),
    text("description", JSON.stringify(record)),
    run.network.licence && text("rights", run.network.licence),
    `</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`,
  ].join("");
}
