// @ts-check
// Read by Nodes far older than the ones we support, so that they can say so: plain syntax, no imports.

/** The oldest Node everything here runs on. */
const oldest = { major: 20, minor: 19 };

/**
 * One sentence when this Node cannot run Proxima, otherwise null.
 * @param {string} version as in `process.versions.node`
 * @returns {string | null}
 */
export function nodeRefusal(version) {
  const parts = version.split(".");
  const major = Number(parts[0]);
  const minor = Number(parts[1]);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor))
    return null;
  return (
    "Proxima needs Node " +
    oldest.major +
    "." +
    oldest.minor +
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
    function (/** @type {unknown} */ error) {
      const refused = asRefusal(error);
      console.error(refused ? refused.message : error);
      process.exitCode = refused ? refused.exitCode : 1;
    },
  );
}

/**
 * By name, because importing the class would load a module that an old Node cannot read.
 * @param {unknown} error
 */
function asRefusal(error) {
  if (!(error instanceof Error) || error.name !== "Refusal") return null;
  return /** @type {import("./refusal.mjs").Refusal} */ (error);
}
