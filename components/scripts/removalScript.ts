import { quote } from "./quote.ts";
import { refuse } from "./refusals.ts";

/** Directories that no stack may own, whatever its config says. */
const never = [
  "/",
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/home",
  "/lib",
  "/opt",
  "/proc",
  "/root",
  "/run",
  "/srv",
  "/sys",
  "/tmp",
  "/usr",
  "/var",
];

/** Whether a path is one that rocmark may own on a node: absolute, normal, at least two levels deep. */
export const mayOwn = (root: string): boolean =>
  root.startsWith("/") &&
  !root.endsWith("/") &&
  !root
    .split("/")
    .slice(1)
    .some((part) => ["", ".", ".."].includes(part)) &&
  root.split("/").length > 2 &&
  !never.includes(root);

/** A script that removes what rocmark put under `root` on a host: its own subdirectories, then `root` if nothing else is in it. */
export function renderRemoval({ root }: { root: string }): string {
  return `set -eu
root=${quote(root)}
[ -d "$root" ] || exit 0
case "$root" in /?*/?*) ;; *) ${refuse("notOurs", "$root is no directory that rocmark may own.")} ;; esac
rm -rf "$root/bundles" "$root/environments" "$root/locks" "$root/runs"
# Where root made the directory for the user, root takes it away; with it the one above, if it is rocmark's and empty.
end() { rmdir "$1" 2>/dev/null || sudo -n rmdir "$1" 2>/dev/null || true; }
end "$root"
case $(dirname "$root") in /*/rocmark) end "$(dirname "$root")" ;; esac
`;
}
