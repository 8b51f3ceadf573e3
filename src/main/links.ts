/** Links that may open in the user's browser: the paper, and what the app's own texts point to. */
const linkHosts = new Set([
  "arxiv.org",
  "doi.org",
  "nodejs.org",
  "www.electronjs.org",
]);

export function mayOpenLink(url: string): boolean {
  try {
    const { protocol, hostname, username, password } = new URL(url);
    return (
      protocol === "https:" &&
      username === "" &&
      password === "" &&
      linkHosts.has(hostname)
    );
  } catch {
    return false;
  }
}
