import { quote } from "./quote.ts";
import { refusals, refuse } from "./refusals.ts";
import { renderTorchCheck, type WheelPin } from "./torchCheck.ts";

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
  /** What a stack pins of it; without it the trainer's own lock is installed with the node's own Python. */
  pinned?: PinnedEnvironment;
}

/** An environment whose PyTorch comes from PyTorch's index for one ROCm. */
export interface PinnedEnvironment {
  /** Its name in the stack: "default", or a variant's. */
  name: string;
  node: string;
  stack: string;
  /** The lock on the node; null for the trainer's own. */
  lock: string | null;
  /** Minor version of Python, "3.12"; null for the node's own. */
  python: string | null;
  /** Null where PyTorch is not pinned. */
  wheel: WheelPin | null;
}

/** Python interpreter of the environment with a digest. */
export const environmentPython = (environments: string, digest: string): string =>
  `${environments}/${digest.slice(0, 16)}/bin/python`;

/** Directory that holds the unpacked trainer of a bundle. */
export const bundleDirectory = (root: string, digest: string): string =>
  `${root}/bundles/${digest.slice(0, 16)}`;

/** Archive of a bundle on the node. */
export const bundleArchive = (root: string, digest: string): string => `${bundleDirectory(root, digest)}.tar`;

/** A lock of the stack's own, on the node. */
export const lockFile = (root: string, digest: string): string => `${root}/locks/${digest.slice(0, 16)}.txt`;

/**
 * A bash script that unpacks the trainer and installs its hash-locked environment, once for each lock digest.
 *
 * Safe to run again and at the same time on nodes that share `environments`: a directory made with mkdir is the lock,
 * its holder's process id tells a stale one. `.complete` is written last, so a cut installation is done anew; another
 * lock's environment is another folder, so one that works stays until the new one does.
 */
export function renderEnvironment(args: EnvironmentScriptArgs): string {
  const environment = `${args.environments}/${args.lockDigest.slice(0, 16)}`;
  const { pinned } = args;
  const python = pinned?.python ? `python${pinned.python}` : "python3";
  return `set -euo pipefail
umask 022
bundle=${quote(bundleDirectory(args.root, args.bundleDigest))}
archive=${quote(bundleArchive(args.root, args.bundleDigest))}
environment=${quote(environment)}
say() { printf '%s\\n' "$*" >&2; }
locked=no
# What is half installed goes, and with it what fills the disk: pip and uv name that as one error among others.
end_half() {
  left=$(df -Pk "$(dirname "$environment")" | awk 'NR == 2 { print int($4 / 1024) }')
  [ -f "$environment/.complete" ] || rm -rf "$environment"
  case $code in ${refusals.noVenv} | ${refusals.uvInstall} | ${refusals.packageInstall}) ;; *) return 0 ;; esac
  [ "$left" -lt 32 ] || return 0
  code=${refusals.diskFull}
  say "The disk is full, which is why: $left MiB were left under $(dirname "$environment"); free some."
}
end() {
  code=$?
  if [ "$locked" = yes ]; then
    [ "$code" -eq 0 ] || end_half
    rm -rf "$environment.lock"
  fi
${pinned ? failureText(pinned) : ""}  exit "$code"
}
trap end EXIT

if [ ! -f "$bundle/.complete" ]; then
  # Of its own name: two environments of one node may do this at once, and the first to be done is taken.
  partial="$bundle.partial.$$"
  mkdir -p "$partial"
  tar -xf "$archive" -C "$partial" || { rm -rf "$partial"; ${refuse("bundleBroken", "The trainer bundle $archive does not unpack; run pulumi refresh and pulumi up to copy it anew.")}; }
  touch "$partial/.complete"
  [ -f "$bundle/.complete" ] || rm -rf "$bundle"
  mv -T "$partial" "$bundle" 2>/dev/null || { [ -f "$bundle/.complete" ] && rm -rf "$partial"; } || mv "$partial" "$bundle"
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
  locked=yes
fi

if [ ! -f "$environment/.complete" ]; then
  command -v ${python} >/dev/null || ${refuse("noPython", pinned?.python ? `Python ${pinned.python} is pinned and there is no ${python} on this node, which has $(python3 --version 2>&1); install it with its venv module, or pin rocmark:software.python to what the node has.` : "No python3 on this node; install Python 3.10 or later with its venv module.")}
  ${python} -c 'import sys; sys.exit(sys.version_info < (3, 10))' || ${refuse("noPython", `Python 3.10 or later is wanted, $(${python} --version 2>&1) was found.`)}
  free=$(df -Pk "$(dirname "$environment")" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge ${Math.ceil(args.minFreeDiskGiB * 1048576)} ] || ${refuse("diskFull", `${args.minFreeDiskGiB} GiB of free disk are wanted for the environment, $((free / 1048576)) GiB were found under $(dirname "$environment"); free some, or set minFreeDiskGiB in the stack.`)}
  ${args.uvCache === null ? ":" : `export UV_CACHE_DIR=${quote(args.uvCache)}`}
  export UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1
  rm -rf "$environment"
  say "installing uv, pinned by hash"
  ${python} -m venv "$environment" >&2 || ${refuse("noVenv", `${python} -m venv failed; on Debian and Ubuntu install ${python}-venv.`)}
  "$environment/bin/python" -m pip install --quiet --no-deps --only-binary :all: --require-hashes -r "$bundle/trainer/locks/uv.txt" >&2 || ${refuse("uvInstall", "uv could not be installed from its lock (trainer/locks/uv.txt); the lines above say why.")}
  say "installing the pinned environment (some GB on the first time)"
${pinned?.wheel ? installPinned(pinned, pinned.wheel) : installLocked(pinned?.lock ?? null)}
  touch "$environment/.complete"
fi
printf '{"python":"%s","bundle":"%s"}\\n' "$environment/bin/python" "$bundle"
`;
}

/** Whether what {@link renderEnvironment} installed is there, in its words; exit code 3 when it is not. */
export function renderEnvironmentCheck({
  root,
  environments,
  lockDigest,
  bundleDigest,
}: EnvironmentScriptArgs): string {
  const environment = `${environments}/${lockDigest.slice(0, 16)}`;
  const bundle = bundleDirectory(root, bundleDigest);
  return `[ -f ${quote(`${environment}/.complete`)} ] && [ -f ${quote(`${bundle}/.complete`)} ] || exit 3
printf '{"python":"%s","bundle":"%s"}\\n' ${quote(`${environment}/bin/python`)} ${quote(bundle)}
`;
}

const packageInstallFailed = refuse(
  "packageInstall",
  "The locked packages could not be installed; the lines above name the package. A hash mismatch means that the index served another file than the one locked.",
);

const installLocked = (lock: string | null): string =>
  `  "$environment/bin/uv" pip install --quiet --compile-bytecode --python "$environment/bin/python" --no-deps --require-hashes -r ${lock === null ? '"$bundle/trainer/locks/default.txt"' : quote(lock)} >&2 || ${packageInstallFailed}`;

/**
 * Two steps with one index each. PyTorch's own packages have equal names on PyPI, whose builds are for CUDA, so they come
 * from PyTorch's index for the pinned ROCm and nowhere else; the rest is not on that index.
 */
const installPinned = ({ lock }: PinnedEnvironment, wheel: WheelPin): string =>
  `  uv() { env -u UV_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS "$environment/bin/uv" pip install --quiet --compile-bytecode --python "$environment/bin/python" --no-deps --require-hashes --only-binary :all: "$@" >&2; }
  export UV_SYSTEM_CERTS=1
  lock=${lock === null ? '"$bundle/trainer/locks/default.txt"' : quote(lock)}
  # A requirement goes over several lines; what belongs to it begins with a space or with its hashes.
  part() { awk -v wanted="$1" '/^[A-Za-z0-9]/ { own = tolower($0) ~ /^(torch|torchvision|torchaudio|triton-rocm|pytorch-triton|pytorch-triton-rocm)[ =;]/ ? "torch" : "rest" } /^ *#/ { next } own == wanted' "$lock" > "$environment/$1.txt"; }
  part torch
  part rest
  uv --no-config --default-index ${quote(wheel.index)} -r "$environment/torch.txt" || ${refuse("packageInstall", `PyTorch ${wheel.torch} could not be installed from ${wheel.index}, as the only index; the lines above say why. A hash mismatch means that the index served another file than the one locked.`)}
  [ ! -s "$environment/rest.txt" ] || uv -r "$environment/rest.txt" || ${packageInstallFailed}
  rm -f "$environment/torch.txt" "$environment/rest.txt"
${renderTorchCheck(wheel)}`;

// The last lines of a failure are what `pulumi up` shows.
const failureText = ({ name, node, stack }: PinnedEnvironment): string =>
  `  if [ "$code" -ne 0 ]; then
    say ${quote(`Node "${node}", phase environment ("${name}"): stopped. The environment that was there before is untouched.`)}
    say ${quote(`To continue: npx pulumi up --stack ${stack}`)}
  fi
`;
