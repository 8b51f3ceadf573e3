/** Which pictures were fed, in a sentence; the rows say it themselves. */
export function fedWords(
  fed: {
    readonly images: "folder" | "noise";
    readonly labels?: "folders" | "random";
    readonly repetitions: number;
  },
  folder: string | undefined,
): string {
  const pictures =
    fed.images === "folder"
      ? `Pictures of ${folder ? `“${folder}”` : "the folder"}`
      : "No pictures: seeded noise, N(0, 0.5²) in [−1, 1]";
  const labels = {
    folders: ", labels from the class folders",
    random: ", random labels",
    none: "",
  }[fed.labels ?? "none"];
  const times =
    fed.repetitions === 1 ? "one batch" : `${fed.repetitions} batches`;
  return `${pictures}${labels}; ${times}.`;
}
