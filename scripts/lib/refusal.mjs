// @ts-check

/** What cannot be done, as one sentence with its remedy; shown without a stack. */
export class Refusal extends Error {
  /** @override */
  name = "Refusal";

  /**
   * @param {string} sentence
   * @param {number} [exitCode]
   */
  constructor(sentence, exitCode = 1) {
    super(sentence);
    this.exitCode = exitCode;
  }
}
