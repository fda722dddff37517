/**
 * The work that every side does on every node: ten steps of the kind that make a ROCm host, below a directory that stands for
 * the host's root (the nodes are processes of one machine, so they cannot share its own).
 */
export type Step =
  | { kind: "directory"; title: string; path: string; mode: string }
  | { kind: "file"; title: string; path: string; mode: string; content: string }
  /** Run in the node's root directory; fails when the node is not as it should be. */
  | { kind: "command"; title: string; command: string };

/** What a host has before anybody provisions it. */
export const skeleton = [
  "etc/apt/keyrings",
  "etc/apt/sources.list.d",
  "etc/apt/preferences.d",
  "etc/sysctl.d",
  "etc/security/limits.d",
  "usr/local/bin",
] as const;

const file = (title: string, path: string, mode: string, lines: readonly string[]): Step => ({
  kind: "file",
  title,
  path,
  mode,
  content: `${lines.join("\n")}\n`,
});

/** As long as a real key, and none: only its way to the node is measured. */
const keyring = [
  "-----BEGIN PGP PUBLIC KEY BLOCK-----",
  "",
  ...Array.from(
    { length: 48 },
    (_, line) => "0123456789abcdef".repeat(4).slice(line % 16) + "=".repeat(line % 16),
  ),
  "-----END PGP PUBLIC KEY BLOCK-----",
];

const check = [
  "#!/bin/sh",
  "# Whether this host is prepared: each file is there and says what it should.",
  "set -eu",
  "grep -q repo.radeon.com etc/apt/sources.list.d/rocm.list",
  "grep -q 'Pin-Priority: 600' etc/apt/preferences.d/rocm-pin-600",
  "grep -q vm.max_map_count etc/sysctl.d/90-rocmark.conf",
  "grep -q memlock etc/security/limits.d/90-rocmark.conf",
  "[ -s etc/apt/keyrings/rocm.asc ] && [ -s etc/rocmark/node.json ]",
  "echo prepared",
];

/** What is done first on a node: one script a node where a side works by scripts. */
export const preparing: readonly Step[] = [
  { kind: "directory", title: "configuration directory", path: "etc/rocmark", mode: "0750" },
  file("configuration", "etc/rocmark/node.json", "0640", [
    '{"rocm": "7.2.4", "driver": "30.30.4", "torch": "2.11.0"}',
  ]),
  file("keyring", "etc/apt/keyrings/rocm.asc", "0644", keyring),
  file("sources", "etc/apt/sources.list.d/rocm.list", "0644", [
    "deb [arch=amd64 signed-by=/etc/apt/keyrings/rocm.asc] https://repo.radeon.com/rocm/apt/7.2.4 noble main",
    "deb [arch=amd64 signed-by=/etc/apt/keyrings/rocm.asc] https://repo.radeon.com/graphics/7.2.4/ubuntu noble main",
  ]),
  file("pin", "etc/apt/preferences.d/rocm-pin-600", "0644", [
    "Package: *",
    "Pin: release o=repo.radeon.com",
    "Pin-Priority: 600",
  ]),
  file("kernel settings", "etc/sysctl.d/90-rocmark.conf", "0644", [
    "vm.max_map_count = 1048576",
    "kernel.numa_balancing = 0",
  ]),
  file("limits", "etc/security/limits.d/90-rocmark.conf", "0644", [
    "* soft memlock unlimited",
    "* hard memlock unlimited",
  ]),
  file("check script", "usr/local/bin/rocmark-check", "0755", check),
];

/** What is done once that stands: the second phase. */
export const verifying: readonly Step[] = [
  { kind: "command", title: "check", command: "usr/local/bin/rocmark-check" },
  file("marker", "etc/rocmark/prepared", "0644", ["7.2.4 30.30.4 2.11.0"]),
];

export const tenSteps: readonly Step[] = [...preparing, ...verifying];
