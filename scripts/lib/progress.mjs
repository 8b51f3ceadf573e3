// @ts-check
import { inMegabytes } from "./files.mjs";

/**
 * @typedef {object} Stage
 * @property {(text: string) => void} say what is being done now
 * @property {(done: number, total: number, unit: "bytes" | "packages") => void} move how far it is
 * @property {(text?: string) => void} done
 * @property {(sentence: string) => void} note a sentence that stands by itself
 */

/** Without a terminal a line is printed when a stage has moved by this much, or after this long. */
const sparse = { share: 0.25, ms: 15_000 };

/**
 * Says what set-up does: one rewritten line a stage on a terminal, a few plain lines elsewhere.
 * @param {{ write(text: string): unknown, isTTY?: boolean, columns?: number }} stream
 * @param {() => number} now milliseconds
 */
export function createReporter(stream = process.stdout, now = Date.now) {
  const live = stream.isTTY === true && process.env["TERM"] !== "dumb";
  /** @param {string} text */
  const line = (text) => {
    stream.write(live ? `\r\x1b[K${text}\n` : `${text}\n`);
  };

  /**
   * @param {string} title
   * @returns {Stage}
   */
  function stage(title) {
    const startedAt = now();
    let doing = "";
    let printedAt = -Infinity;
    let printedShare = 0;
    /** @param {string} text */
    const show = (text) => {
      if (!live) return line(text);
      stream.write(`\r\x1b[K${text.slice(0, (stream.columns || 80) - 1)}`);
    };
    const seconds = () => `${Math.round((now() - startedAt) / 1000)} s`;
    return {
      say(text) {
        doing = text;
        printedShare = 0;
        printedAt = now();
        show(`${title}: ${text}`);
      },
      move(done, total, unit) {
        const share = total > 0 ? Math.min(1, done / total) : 0;
        const due =
          share - printedShare >= sparse.share ||
          now() - printedAt >= sparse.ms;
        if (!live && !due) return;
        printedAt = now();
        printedShare = share;
        const amount =
          unit === "bytes"
            ? `${inMegabytes(Math.min(done, total))} of ${inMegabytes(total)}`
            : `${Math.min(done, total)} of ${total} ${unit}`;
        show(
          `${title}: ${doing}, ${amount} (${Math.floor(100 * share)} %, ${seconds()})`,
        );
      },
      done(text = "ready") {
        line(`${title}: ${text} (${seconds()})`);
      },
      note: line,
    };
  }
  return { stage, line };
}

/** @typedef {ReturnType<typeof createReporter>} Reporter */
