/** Disks that cannot be written or are full: mounts in a namespace of a child's own, since root ignores file modes. */
import { spawnSync } from "node:child_process";

const inNamespace = ["--mount", "--map-root-user", "--"];

/** Whether a child may mount here. */
export const canMount =
  spawnSync("unshare", [
    ...inNamespace,
    "sh",
    "-c",
    "d=$(mktemp -d) && mount -t tmpfs -o size=64k none $d && umount $d; r=$?; rmdir $d; exit $r",
  ]).status === 0;

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a shell command where `folder` cannot be written. */
export function withReadOnly(folder: string, command: string): Ran {
  return run(
    `mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && ${command}`,
    folder,
  );
}

/** Runs a shell command where `folder` is a disk of its own, empty and of so many KiB. */
export function withSmallDisk(
  folder: string,
  kib: number,
  command: string,
): Ran {
  return run(`mount -t tmpfs -o size=${kib}k none "$0" && ${command}`, folder);
}

function run(script: string, folder: string): Ran {
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    [...inNamespace, "sh", "-c", script, folder],
    { encoding: "utf8" },
  );
  return { code: status, out: stdout, err: stderr };
}
