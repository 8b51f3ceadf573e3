import type { GallerySummary } from "../../../shared/contract";

export type Order = "newest" | "oldest" | "network" | "pictures" | "size";
export const orders: readonly { order: Order; text: string }[] = [
  { order: "newest", text: "Newest first" },
  { order: "oldest", text: "Oldest first" },
  { order: "network", text: "By network" },
  { order: "pictures", text: "Most pictures" },
  { order: "size", text: "Largest" },
];

export interface Filter {
  /** Words that all have to occur in class labels, methods or the network's name. */
  readonly text: string;
  /** Empty: every one. */
  readonly network: string;
  readonly method: string;
}
export const everything: Filter = { text: "", network: "", method: "" };

export function isFiltering(filter: Filter): boolean {
  return (
    filter.text.trim() !== "" || filter.network !== "" || filter.method !== ""
  );
}

export function matches(gallery: GallerySummary, filter: Filter): boolean {
  if (filter.network !== "" && gallery.network !== filter.network) return false;
  if (filter.method !== "" && !gallery.methods.includes(filter.method))
    return false;
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = [gallery.network, ...gallery.labels, ...gallery.methods]
    .join("\n")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** What passes the filter, in order; equal ones newest first. */
export function arrange(
  galleries: readonly GallerySummary[],
  filter: Filter,
  order: Order,
): GallerySummary[] {
  return galleries
    .filter((gallery) => matches(gallery, filter))
    .sort((a, b) => compare(a, b, order) || newest(a, b));
}

function compare(a: GallerySummary, b: GallerySummary, order: Order): number {
  switch (order) {
    case "newest":
      return newest(a, b);
    case "oldest":
      return newest(b, a);
    case "network":
      return a.network.localeCompare(b.network);
    case "pictures":
      return b.runs - a.runs;
    case "size":
      return b.bytes - a.bytes;
  }
}

function newest(a: GallerySummary, b: GallerySummary): number {
  // ISO 8601 in UTC sorts as text.
  return a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0;
}

/** The values a filter can be set to, each once. */
export function choicesOf(
  galleries: readonly GallerySummary[],
  values: (gallery: GallerySummary) => readonly string[],
): string[] {
  return [...new Set(galleries.flatMap(values))].sort((a, b) =>
    a.localeCompare(b),
  );
}

/** "pelican, analog clock +2" */
export function titleOf(gallery: GallerySummary, most = 3): string {
  const shown = gallery.labels.slice(0, most).join(", ");
  const more = gallery.labels.length - most;
  return more > 0 ? `${shown} +${more}` : shown || gallery.id;
}

/** "today, 14:03", "yesterday, 9:12", "18 Nov 2026, 14:03", in local time. */
export function dateOf(createdAt: string, now: Date): string {
  const date = new Date(createdAt);
  if (Number.isNaN(date.getTime())) return createdAt;
  const time = `${date.getHours()}:${String(date.getMinutes()).padStart(2, "0")}`;
  // Noon to noon, rounded: days are not always 24 hours long.
  const days = Math.round((noon(now) - noon(date)) / 86_400_000);
  if (days === 0) return `today, ${time}`;
  if (days === 1) return `yesterday, ${time}`;
  const month = date.toLocaleString("en-GB", { month: "short" });
  return `${date.getDate()} ${month} ${date.getFullYear()}, ${time}`;
}

function noon(date: Date): number {
  return new Date(
    date.getFullYear(),
    date.getMonth(),
    date.getDate(),
    12,
  ).getTime();
}

/** Columns of the cover: as square as the number of pictures allows, three at most. */
export function coverColumns(pictures: number): number {
  return pictures <= 1 ? 1 : pictures === 2 || pictures === 4 ? 2 : 3;
}
