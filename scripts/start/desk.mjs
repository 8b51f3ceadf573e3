// @ts-check
/** Whether a window can be opened here, and the sentences where it cannot. */

/**
 * @typedef {object} Desk
 * @property {boolean} display
 * @property {boolean} root
 * @property {boolean} noSandbox
 */

/**
 * @param {{ platform?: string, env?: NodeJS.ProcessEnv, uid?: number | undefined }} [where]
 * @returns {Desk}
 */
export function thisDesk({
  platform = process.platform,
  env = process.env,
  uid = process.getuid?.(),
} = {}) {
  return {
    display:
      platform !== "linux" ||
      Boolean(env["DISPLAY"]) ||
      Boolean(env["WAYLAND_DISPLAY"]),
    root: platform === "linux" && uid === 0,
    noSandbox: env["PROXIMA_NO_SANDBOX"] === "1",
  };
}

export const noDisplay =
  "There is no display to open a window on: use the command line (bin/proxima --help), or a virtual display (xvfb-run -a npm start).";

/**
 * @param {Desk} desk
 * @returns {string | null}
 */
export function rootRefusal({ root, noSandbox, display }) {
  // without a display there will be no window anyway, and the command line runs as root
  if (!root || noSandbox || !display) return null;
  return "Proxima's window does not open as root, because Chromium's sandbox does not work there: start it as a normal user (in a container or a test, PROXIMA_NO_SANDBOX=1 npm start opens it without the sandbox).";
}

/**
 * One sentence for what Electron printed before it ended, or null where it is not known.
 * @param {string} output
 * @param {string} electron path of the binary
 * @returns {string | null}
 */
export function explainLaunch(output, electron) {
  const library = /error while loading shared libraries: ([^:\s]+)/.exec(
    output,
  )?.[1];
  if (library)
    return `Electron needs ${library}, which this system does not have: run node scripts/setup.mjs, which installs it or says how, and npm start again.`;
  if (
    /Missing X server or \$DISPLAY|Unable to open X display|cannot open display|Failed to initialize Wayland/i.test(
      output,
    )
  )
    return `The display ${process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"] ?? ""} cannot be opened: check DISPLAY, or use a virtual display (xvfb-run -a npm start) or the command line (bin/proxima --help).`;
  if (
    /SUID sandbox helper|No usable sandbox|Failed to move to new namespace|zygote_host_impl|credentials\.cc/.test(
      output,
    )
  ) {
    const helper = electron.replace(/[^/]+$/, "chrome-sandbox");
    return `This system does not let Chromium build its sandbox (Ubuntu 23.10 and later deny user namespaces to unknown programs): allow it with sudo chown root:root '${helper}' && sudo chmod 4755 '${helper}', or for all programs with sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, and run npm start again.`;
  }
  return null;
}
