import type { Command } from "../command";
import { openTheKnown, openTheNetwork } from "../engine";
import { exitCodes } from "../exit";
import { ProgressLine } from "../progress-line";

export const download: Command = {
  name: "download",
  synopsis: "NAME",
  summary:
    'Download a known network into the app\'s data, and check it ("proxima networks" lists them).',
  positionals: { min: 1, max: 1 },
  flags: {},
  async run([name = ""], values, context) {
    const known = await openTheKnown(context);
    const line = new ProgressLine(context.stderr, "download");
    const file = await known
      .download(name, {
        signal: context.signal,
        progress: (bytes, total) => {
          const megabytes = `${(bytes / 1e6).toFixed(1)} MB`;
          line.show(bytes, total || Infinity, megabytes);
        },
      })
      .finally(() => {
        line.clear();
      });
    const { id, info } = await openTheNetwork(name, values, context);
    await known.wasOpened(name, id);
    context.emit({ id: name, file, network: id, hash: info.hash });
    context.print(`${name}  ${file}`);
    return exitCodes.done;
  },
};
