import { renderFacts } from "./factsScript.ts";
import { quote } from "./quote.ts";
import { torchProbe } from "./verificationScript.ts";

/** What is looked at on a host whose software is pinned. */
export interface InspectionArgs {
  /** Packages whose installed versions are asked for. */
  packages: readonly string[];
  /** Python interpreters of the environments, by name; the first one also runs the inspection. */
  environments: readonly { name: string; python: string }[];
  /** Directory on the node that holds the package `trainer`. */
  bundle: string;
}

/**
 * Runs a script from standard input as the user that the stack logs in as, in a session of its own: groups that were
 * given to the user since the connection was made count for new sessions only.
 */
export const freshCommand =
  `exec /bin/sh -c '[ "$(id -u)" != 0 ] || exec bash --norc -s; ! sudo -n -u "$(id -un)" true 2>/dev/null || ` +
  `exec sudo -n -u "$(id -un)" bash --norc -s; exec bash --norc -s'`;

/** Runs the same script on a connection that is new anyway, and keeps what it must not find anew. */
export const checkCommand = "exec bash --norc -s check";

/**
 * A bash script that prints all that is really there as one JSON line, and changes nothing: facts, driver, packages,
 * amd-smi, rocminfo, each environment, and whether each device computes and copies rightly.
 *
 * Asked to `check`, it leaves the devices alone and repeats what it said of them: a figure that is measured anew would be
 * taken for a drift.
 */
export function renderInspection({ packages, environments, bundle }: InspectionArgs): string {
  const settings = { packages, environments, bundle, facts: renderFacts({ root: null }), probe: torchProbe };
  return `{
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin:/opt/rocm/bin
program=$(cat <<'ROCMARK_INSPECTION'
${program.trim()}
ROCMARK_INSPECTION
)
settings=$(cat <<'ROCMARK_SETTINGS'
${JSON.stringify(settings)}
ROCMARK_SETTINGS
)
exec ${quote(environments[0]?.python ?? "python3")} -c "$program" "$settings" "\${1:-install}"
} </dev/null
`;
}

const program = `
import json, os, re, subprocess, sys

settings, verb = json.loads(sys.argv[1]), sys.argv[2]

def run(*words, text=None, seconds=120, folder=None):
    # Exit code, standard output and the last line of standard error; a program that is not there has no code.
    try:
        done = subprocess.run(words, input=text or "", capture_output=True, text=True, errors="replace", timeout=seconds, cwd=folder)
    except FileNotFoundError:
        return None, "", ""
    except subprocess.TimeoutExpired:
        return 124, "", f"no answer within {seconds} s"
    return done.returncode, done.stdout, (done.stderr.strip().splitlines() or [""])[-1]

def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return None

def versions(names):
    found = {}
    for name in names:
        state = run("dpkg-query", "-W", "-f", "\${db:Status-Abbrev}|\${Version}", name)[1].split("|")
        found[name] = state[1] if len(state) == 2 and state[0][1:2] == "i" else None
    return found

def program_says(*words):
    code, out, err = run(*words)
    return None if code is None else {"code": code, "out": out[:65536], "error": err}

def environment(python):
    code, out, err = run(python, "-", text=settings["probe"], seconds=300)
    return json.loads(out.splitlines()[-1]) if code == 0 and out.strip() else {"error": err or f"exit code {code}"}

def fitness(python):
    code, out, err = run(python, "-m", "trainer", "probe", seconds=600, folder=settings["bundle"])
    try:
        said = json.loads(out.strip().splitlines()[-1])
        return {"checks": said["checks"], "error": None}
    except (IndexError, KeyError, ValueError):
        return {"checks": [], "error": err or f"exit code {code}"}

def before():
    try:
        return json.loads(os.environ["PULUMI_COMMAND_STDOUT"])["fitness"]
    except (KeyError, ValueError, TypeError):
        return None

info = program_says("rocminfo")
if info:
    info["out"] = "\\n".join(line for line in info["out"].splitlines() if re.match(r"\\s*(Name|Marketing Name|Device Type):|\\s*(Unable|ROCk|.*not member)", line))
pythons = settings["environments"]
json.dump({
    "facts": run("sh", "-s", text=settings["facts"])[1],
    "driver": {
        "module": read("/sys/module/amdgpu/version"),
        "srcversion": read("/sys/module/amdgpu/srcversion"),
        "dkms": [line for line in run("dkms", "status")[1].splitlines() if line.startswith("amdgpu")],
    },
    "packages": versions(settings["packages"]),
    "rocm": read("/opt/rocm/.info/version"),
    "amdSmi": program_says("amd-smi", "static", "--json", "--asic", "--vram", "--bus", "--driver"),
    "rocminfo": info,
    "environments": {each["name"]: environment(each["python"]) for each in pythons},
    "fitness": (before() if verb == "check" else None) or {each["name"]: fitness(each["python"]) for each in pythons},
}, sys.stdout, sort_keys=True)
print()
`;
