// @ts-check
// Read by Nodes far older than the ones we support, so that they can say so: plain syntax, no imports.

/** The oldest Node everything here runs on: [major, minor]. */
const oldest = [20, 19];

/**
 * One sentence when this Node cannot run Proxima, otherwise null.
 * @param {string} version as in `process.versions.node`
 * @returns {string | null}
 */
export function nodeRefusal(version) {
  const parts = version.split(".");
  const major = Number(parts[0]);
  const minor = Number(parts[1]);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1]))
    return null;
  return (
    "Proxima needs Node " +
    oldest.join(".") +
    " or later and this is Node " +
    version +
    ": install a current Node from nodejs.org and run the command again."
  );
}

/**
 * Runs a command's main function: refuses an old Node, turns a Refusal into its sentence, never shows a stack for one.
 * @param {() => Promise<number>} main loads the command and resolves to its exit code
 */
export function enter(main) {
  const refusal = nodeRefusal(process.versions.node);
  if (refusal) {
    console.error(refusal);
    process.exitCode = 1;
    return;
  }
  main().then(
    function (code) {
      process.exitCode = code;
    },
    function (error) {
      const expected = error && error.name === "Refusal";
      console.error(expected ? error.message : error);
      process.exitCode = (expected && error.exitCode) || 1;
    },
  );
}
