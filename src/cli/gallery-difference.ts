/** What two galleries differ in, in a user's words. */
import type { GalleryRecord } from "../shared/domain";
import { spellMethod } from "../shared/method";
import { nameTarget } from "../shared/target";

/** "--steps 100 there, 200 asked for"; null where they are the same. Dates and labels count nothing. */
export function differenceOf(
  there: GalleryRecord,
  asked: GalleryRecord,
): string | null {
  const a = facts(there);
  const b = facts(asked);
  for (const [name, value] of Object.entries(b))
    // an older record says nothing of answers; its id does
    if (name in a && a[name] !== value)
      return `${name} ${a[name]} there, ${value} asked for`;
  // what no fact says: two builds may count otherwise
  return there.id === asked.id ? null : "the request";
}

function facts({
  request,
  networks,
  shard,
}: GalleryRecord): Readonly<Record<string, string>> {
  const { settings, columns, targets, seeds, padBatch } = request;
  const { regularization, batch, ...rest } = settings;
  const known = [...new Set(columns.map(({ network }) => network))];
  return {
    "the network": known.join(", "),
    ...(networks && {
      "the network's answers": known
        .map((ref) => networks[ref]?.identity.slice(0, 12) ?? "-")
        .join(", "),
    }),
    "--targets": targets.map(nameTarget).join(","),
    "--methods": columns.map(({ method }) => spellMethod(method)).join(","),
    "--steps": String(rest.steps),
    "--step-size": String(rest.stepSize),
    "--seed": String(rest.seed),
    "--seeds": String(seeds),
    "--keep": String(rest.keep),
    "--blur": String(regularization.blur),
    "--rotate": String(regularization.rotate),
    "--precision": rest.precision,
    "--batch": `${batch}${padBatch ? " (padded)" : ""}`,
    "other settings": JSON.stringify([rest.startNoise, regularization]),
    "--shard": shard ? `${shard.index}/${shard.count}` : "none",
  };
}
