import { die } from "./phaseScript.ts";
import { quote } from "./quote.ts";
import type { PhasePart } from "./systemScript.ts";

/** What has to be on a host before anything of AMD's is. */
export interface PrerequisitesArgs {
  /** The user that runs the trainer: the one that the stack logs in as. */
  user: string;
  /** Directory on the node that rocmark owns. */
  root: string;
  /** `uname -r` for which the software was found to fit; null where no driver is installed. */
  kernel: string | null;
  /** Packages of the running kernel that DKMS needs. */
  kernelPackages: readonly string[];
  /** Packages of the distribution that the phases themselves need. */
  tools: readonly string[];
  kernelUpdates: "hold" | "report";
  /** Whether the end of the stack takes back what was changed; the claim is given up in any case. */
  removeOnDestroy: boolean;
}

/**
 * Claims the node for one stack, finishes an interrupted dpkg, installs headers and tools, holds the kernel, and lets the
 * user at the GPUs: groups render and video, memory that may be locked without limit.
 *
 * Held are the kernel's meta packages and those of the running kernel: a new kernel would come up without the driver.
 */
export const prerequisites = (args: PrerequisitesArgs): PhasePart => ({
  phase: "prerequisites",
  isPinned: true,
  // The claim ends with the stack in any case.
  ends: true,
  body: `user=${quote(args.user)} root=${quote(args.root)} kernel=${quote(args.kernel ?? "")} updates=${args.kernelUpdates}
kernel_packages=(${args.kernelPackages.map(quote).join(" ")}) tools=(${args.tools.map(quote).join(" ")})
take_back=${args.removeOnDestroy ? "yes" : "no"} limits=/etc/security/limits.d/rocmark.conf
${functions}`,
});

const functions = `
limits_text() { printf '%s - memlock unlimited\\n' "$user"; }
in_group() { id -nG "$user" | tr ' ' '\\n' | grep -qx "$1"; }
# Those that are neither installed nor known not to be had.
missing_packages() {
  local names=("\${kernel_packages[@]}" "\${tools[@]}")
  [ \${#names[@]} -gt 0 ] || return 0
  printf '%s\\n' "\${names[@]}" | grep -vxFf <(
    dpkg-query -W -f '\${db:Status-Abbrev}|\${Package}\\n' "\${names[@]}" 2>/dev/null | sed -n 's/^.i |//p'
    listed absent
  ) || true
}
# Meta packages, which draw in the next kernel, and those of the kernel that runs.
kernels_to_hold() {
  [ "$updates" = hold ] || return 0
  { dpkg-query -W -f '\${db:Status-Abbrev} \${Package}\\n' 'linux-*' 2>/dev/null || true; } | awk -v running="$(uname -r)" '
    $1 !~ /^.i/ || $2 !~ /^linux-(image|headers|modules|generic|virtual|lowlatency|aws|azure|gcp|oracle|oem|kvm|ibm|nvidia)/ { next }
    $2 !~ /[0-9]+\\.[0-9]+\\.[0-9]+-[0-9]+/ || index($2, running) { print $2 }'
}
unheld_kernels() {
  local names=()
  mapfile -t names < <(kernels_to_hold)
  [ \${#names[@]} -eq 0 ] || printf '%s\\n' "\${names[@]}" | grep -vxFf <(held "\${names[@]}") || true
}

wanted() {
  [ "$(owner)" = "$claim" ] || return 1
  in_group render && in_group video || [ "$user" = root ] || return 1
  [ "$(cat "$limits" 2>/dev/null)" = "$(limits_text)" ] || return 1
  [ "$(stat -c %U "$root" 2>/dev/null)" = "$user" ] || return 1
  [ -z "$(missing_packages)" ] && [ -z "$(unheld_kernels)" ] && [ -z "$(open_packages | grep -v '^amdgpu')" ]
}

work() {
  [ -z "$(owner)" ] || owned
  [ -z "$kernel" ] || [ "$(uname -r)" = "$kernel" ] || ${die("kernelChanged", "the software was found to fit kernel $kernel, but $(uname -r) runs. The next run asks for this kernel")}
  printf 'stack=%s\\nsince=%s\\n' "$claim" "$(date -u +%Y-%m-%dT%H:%MZ)" | put "$state/owner"
  install -d -m 755 -o "$user" "$root"
  install -d -m 755 -o "$user" "$(dirname "$log")"
  need_disk 200
  # The driver's phase mends its own package, and where another one is broken apt would stop at every step.
  if ! finish_dpkg && [ -n "$(open_packages | grep -v '^amdgpu')" ]; then
    ${die("dpkgBroken", "dpkg could not finish what was interrupted: $(echo $(open_packages)). Mend these packages on the node, then go on: sudo dpkg --configure -a")}
  fi
  add_groups
  limits_text | put "$limits"
  install_missing
  mapfile -t names < <(unheld_kernels)
  hold "\${names[@]}"
}
add_groups() {
  local group
  for group in render video; do
    [ "$user" != root ] && ! in_group "$group" || continue
    getent group "$group" > /dev/null || groupadd --system "$group"
    remember groups "$group"
    usermod -aG "$group" "$user"
  done
}
install_missing() {
  local names=() name there=()
  mapfile -t names < <(missing_packages)
  [ \${#names[@]} -gt 0 ] || return 0
  apt-cache show "\${names[@]}" > /dev/null 2>&1 || slowly "reading the distribution's lists" apt update || explain "apt-get update"
  for name in "\${names[@]}"; do
    if [ -n "$(apt-cache madison "$name" 2>/dev/null)" ]; then there+=("$name"); continue; fi
    case $name in
      linux-modules-extra-*) say "no package $name: this kernel has all its modules in one, or is no longer served"; remember absent "$name" ;;
      linux-headers-*) [ -e "/lib/modules/$kernel/build" ] || ${die("noHeaders", "no package $name is to be had, without which DKMS cannot build for the running kernel. Boot a kernel that Ubuntu still serves: sudo apt-get install linux-generic && sudo reboot")}; remember absent "$name" ;;
      *) ${die("aptFailed", "no package $name in this node's sources; enable Ubuntu's main and universe")} ;;
    esac
  done
  [ \${#there[@]} -eq 0 ] || install_exact "\${there[@]}" || explain "installing \${there[*]}"
}

unattended() {
  [ -n "$(installed unattended-upgrades)" ] && apt-config dump APT::Periodic::Unattended-Upgrade 2>/dev/null | grep -q '"1"'
}
kernel_updates() {
  if [ "$updates" = hold ] && [ -z "$(unheld_kernels)" ]; then echo held
  elif unattended; then echo unattended
  else echo manual; fi
}
report() {
  local groups=()
  mapfile -t groups < <(id -nG "$user" 2>/dev/null | tr ' ' '\\n' | grep -xE 'render|video' | sort || true)
  printf '{"owner":%s,"kernel":%s,"missing":%s,"groups":%s,"kernelUpdates":%s}\\n' "$(json "$(owner)")" "$(json "$(uname -r)")" \\
    "$(json_list $(missing_packages))" "$(json_list "\${groups[@]}")" "$(json "$(kernel_updates)")"
}

remove() {
  [ "$(owner)" = "$claim" ] || { say "this node is claimed by stack \\"$(owner)\\": nothing is removed"; return 0; }
  if [ "$take_back" = no ]; then rm -f "$state/owner"; return 0; fi
  local group
  for group in $(listed groups); do gpasswd -d "$user" "$group" >> "$log" 2>&1 || true; done
  unhold
  purge_ours
  rm -f "$limits"
  rm -rf "$state"
}
`;
