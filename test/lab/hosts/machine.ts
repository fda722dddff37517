import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Programs of the machine that a lab calls, and the Debian or Ubuntu package that each comes from. */
const programs: Readonly<Record<string, string>> = {
  debootstrap: "debootstrap",
  "dpkg-deb": "dpkg",
  gpg: "gpg",
  flock: "util-linux",
  ip: "iproute2",
  iptables: "iptables",
  mount: "mount",
  nsenter: "util-linux",
  openssl: "openssl",
  python3: "python3-venv",
  tc: "iproute2",
  unshare: "util-linux",
};

// A user's PATH often lacks the places of an administrator's programs.
const searchPath = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The environment for programs of this machine: whatever the caller's language, messages are the ones that we know. */
export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: searchPath.join(delimiter),
  LC_ALL: "C",
};

/** Why a lab cannot run on this machine, in one line; undefined when it can. */
export function whyNot(): string | undefined {
  if (process.platform !== "linux")
    return `A lab of hosts needs Linux's namespaces; this is ${process.platform}.`;
  if (process.arch !== "x64")
    return `A lab of hosts stands in for x86-64 hosts; this machine is ${process.arch}.`;
  if (process.getuid?.() !== 0)
    return "A lab of hosts needs root, for namespaces and mounts; run it as root.";
  const missing = Object.entries(programs).filter(([program]) => !isOnPath(program));
  if (missing.length > 0) {
    const names = missing.map(([program]) => program).join(", ");
    const packages = [...new Set(missing.map(([, name]) => name))].join(" ");
    return `A lab of hosts needs ${names}; on Debian and Ubuntu: apt-get install ${packages}`;
  }
  if (!readFileSync("/proc/filesystems", "utf8").includes("overlay"))
    return "A lab of hosts needs overlay mounts, which this kernel does not offer (modprobe overlay).";
  return undefined;
}

function isOnPath(program: string): boolean {
  return searchPath.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
