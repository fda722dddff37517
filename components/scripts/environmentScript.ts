import { quote } from "./quote.ts";
import { refuse } from "./refusals.ts";

/** Where things lie on a node and what has to be there. All paths are absolute paths on the node. */
export interface EnvironmentScriptArgs {
  /** Directory on the node that rocmark owns. */
  root: string;
  /** Directory that holds one environment a lock digest; nodes of one machine may share it. */
  environments: string;
  /** uv's cache, null for uv's own default. */
  uvCache: string | null;
  /** sha256 of the locks, in hexadecimal. */
  lockDigest: string;
  /** sha256 of the trainer bundle's content, in hexadecimal; its archive lies at `root/bundles/<digest>.tar`. */
  bundleDigest: string;
  /** Disk that must be free before an environment is installed, in GiB. */
  minFreeDiskGiB: number;
}

/** Python interpreter of the environment with a digest. */
export const environmentPython = (environments: string, digest: string): string =>
  `${environments}/${digest.slice(0, 16)}/bin/python`;

/** Directory that holds the unpacked trainer of a bundle. */
export const bundleDirectory = (root: string, digest: string): string =>
  `${root}/bundles/${digest.slice(0, 16)}`;

/** Archive of a bundle on the node. */
export const bundleArchive = (root: string, digest: string): string => `${bundleDirectory(root, digest)}.tar`;

/**
 * A bash script that unpacks the trainer and installs its hash-locked environment, once for each lock digest.
 *
 * Safe to run again and at the same time on nodes that share `environments`: a directory made with mkdir is the lock,
 * its holder's process id tells a stale one. `.complete` is written last, so a cut installation is done anew.
 */
export function renderEnvironment(args: EnvironmentScriptArgs): string {
  const environment = `${args.environments}/${args.lockDigest.slice(0, 16)}`;
  return `set -euo pipefail
umask 022
bundle=${quote(bundleDirectory(args.root, args.bundleDigest))}
archive=${quote(bundleArchive(args.root, args.bundleDigest))}
environment=${quote(environment)}
say() { printf '%s\\n' "$*" >&2; }

if [ ! -f "$bundle/.complete" ]; then
  rm -rf "$bundle" "$bundle.partial"
  mkdir -p "$bundle.partial"
  tar -xf "$archive" -C "$bundle.partial" || ${refuse("bundleBroken", "The trainer bundle $archive does not unpack; run pulumi up again to copy it anew.")}
  touch "$bundle.partial/.complete"
  mv "$bundle.partial" "$bundle"
fi

if [ ! -f "$environment/.complete" ]; then
  mkdir -p "$(dirname "$environment")"
  waited=0
  until mkdir "$environment.lock" 2>/dev/null; do
    holder=$(cat "$environment.lock/pid" 2>/dev/null || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -rf "$environment.lock"; continue; fi
    if [ -z "$holder" ] && [ "$waited" -ge 10 ]; then rm -rf "$environment.lock"; continue; fi
    [ "$waited" -lt 1200 ] || ${refuse("lockedTooLong", "Another installation has held $environment.lock for 20 minutes; end it or remove that directory.")}
    [ $((waited % 10)) -ne 0 ] || say "waiting for another node's installation of the same environment ($waited s)"
    sleep 1
    waited=$((waited + 1))
  done
  printf '%s' "$$" > "$environment.lock/pid"
  trap 'rm -rf "$environment.lock"' EXIT
fi

if [ ! -f "$environment/.complete" ]; then
  command -v python3 >/dev/null || ${refuse("noPython", "No python3 on this node; install Python 3.10 or later with its venv module.")}
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || ${refuse("noPython", "Python 3.10 or later is wanted, $(python3 --version 2>&1) was found.")}
  free=$(df -Pk "$(dirname "$environment")" | awk 'NR == 2 { print int($4 / 1048576) }')
  [ "$free" -ge ${args.minFreeDiskGiB} ] || ${refuse("diskFull", `${args.minFreeDiskGiB} GiB of free disk are wanted for the environment, $free GiB were found under $(dirname "$environment"); free some, or set minFreeDiskGiB in the stack.`)}
  ${args.uvCache === null ? ":" : `export UV_CACHE_DIR=${quote(args.uvCache)}`}
  export UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1
  rm -rf "$environment"
  say "installing uv, pinned by hash"
  python3 -m venv "$environment" >&2 || ${refuse("noVenv", "python3 -m venv failed; on Debian and Ubuntu install python3-venv.")}
  "$environment/bin/python" -m pip install --quiet --no-deps --only-binary :all: --require-hashes -r "$bundle/trainer/locks/uv.txt" >&2 || ${refuse("uvInstall", "uv could not be installed from its lock (trainer/locks/uv.txt); the lines above say why.")}
  say "installing the pinned environment (some GB on the first time)"
  "$environment/bin/uv" pip install --quiet --python "$environment/bin/python" --no-deps --require-hashes -r "$bundle/trainer/locks/default.txt" >&2 || ${refuse("packageInstall", "The locked packages could not be installed; the lines above name the package. A hash mismatch means that the index served another file than the one locked.")}
  touch "$environment/.complete"
fi
printf '{"python":"%s","bundle":"%s"}\\n' "$environment/bin/python" "$bundle"
`;
}
