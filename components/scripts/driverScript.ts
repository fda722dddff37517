import { amdHost } from "./aptFunctions.ts";
import { die, logDirectory } from "./phaseScript.ts";
import { quote } from "./quote.ts";
import type { PhasePart } from "./systemScript.ts";

/** The driver that a host is to have. */
export interface DriverArgs extends Pick<PhasePart, "isPinned" | "ends"> {
  /** Version of amdgpu-dkms, exact or with `*` for what no source says. */
  version: string;
  /** `uname -r` for which the driver was found to fit. */
  kernel: string;
}

/**
 * Exactly one version of amdgpu-dkms, built by DKMS for the running kernel, and held.
 *
 * A build that fails would leave dpkg half configured, and with it every later apt: the driver that was there before
 * goes back in its place, from a copy of its package that is kept for that; where there was none, none is left.
 */
export const driver = ({ version, kernel, ...rest }: DriverArgs): PhasePart => ({
  phase: "driver",
  ...rest,
  body: `pattern=${quote(version)} kernel=${quote(kernel)}
${functions}`,
});

const functions = `
apt_options=(-o "Dir::Cache::archives=$state/archives/")

# 1:6.16.6.30200100-2255209.24.04 is the module 6.16.6-2255209.24.04 to DKMS.
module_of() { sed -E 's/^([0-9]+:)?([0-9]+\\.[0-9]+\\.[0-9]+)\\.[0-9]+-/\\2-/' <<< "$1"; }
# Old dkms writes "amdgpu, 6.7.0-1", new dkms "amdgpu/6.16.6-1"; what follows "installed" are remarks.
dkms_state() { # package version: added, built, installed or nothing
  dkms status 2>/dev/null | sed 's/^amdgpu, /amdgpu\\//' | awk -F ', |: ' -v module="amdgpu/$(module_of "$1")" -v kernel="$(uname -r)" '
    $1 == module && NF == 2 { found = found ? found : $2 }
    $1 == module && $2 == kernel { found = $4 }
    END { sub(/ .*/, "", found); print found }' || true
}
complete() { [ "$(dpkg-query -W -f '\${db:Status-Status}' amdgpu-dkms 2>/dev/null || true)" = installed ]; }
boot() { cat /proc/sys/kernel/random/boot_id; }

begun() { compgen -G "$state/driver.*" > /dev/null || compgen -G "$state/*.driver" > /dev/null; }
wanted() {
  local now
  now=$(installed amdgpu-dkms)
  complete && fits "$now" "$pattern" && [ "$(dkms_state "$now")" = installed ] && [ -n "$(held amdgpu-dkms)" ] &&
    [ "$(listed driver.pin)" = "$pattern" ] && [ "$(listed driver.kernel)" = "$kernel" ]
}

work() {
  owned
  [ "$(uname -r)" = "$kernel" ] || ${die("kernelChanged", "the driver was found to fit kernel $kernel, but $(uname -r) runs. The next run asks for this kernel")}
  [ -e "/lib/modules/$kernel/build" ] || ${die("noHeaders", "the headers of kernel $kernel are gone, without which DKMS cannot build: sudo apt-get install linux-headers-$kernel")}
  need_disk 400
  finish_dpkg || say "dpkg could not finish; going on to the pinned driver"
  local now previous change=no
  now=$(installed amdgpu-dkms)
  if complete; then previous=$now; else previous=$(listed driver.good); fi
  [ "$(listed driver.pin)" = "$pattern" ] || change=yes
  resolve amdgpu-dkms "$pattern"
  [ "$change" = yes ] || [ -z "$now" ] || ! dpkg --compare-versions "$now" gt "$version" || ${die("newerInstalled", "somebody has installed amdgpu-dkms $now over the pinned $version since. To go back: sudo apt-get install --allow-downgrades --allow-change-held-packages amdgpu-dkms=$version; to keep it, pin it")}
  if ! complete || [ "$now" != "$version" ] || [ "$(dkms_state "$version")" != installed ]; then change_driver; fi
  local version_of_module
  version_of_module=$(module_of "$version")
  hold amdgpu-dkms $([ -z "$(installed amdgpu-dkms-firmware)" ] || echo amdgpu-dkms-firmware)
  # Headers that were installed for another kernel have had DKMS build the module: no boot can have loaded that yet.
  [ "$(cat /sys/module/amdgpu/version 2>/dev/null || true)" = "\${version_of_module%%-*}" ] || boot | put "$state/driver.boot"
  printf '%s\\n' "$pattern" | put "$state/driver.pin"
  printf '%s\\n' "$kernel" | put "$state/driver.kernel"
  printf '%s\\n' "$version" | put "$state/driver.good"
  find "$state/archives" -maxdepth 1 -name '*.deb' ! -name "amdgpu-dkms*_\${version//:/%3a}_*" -delete
}

change_driver() {
  local names=("amdgpu-dkms=$version") started
  [ -z "$previous" ] || [ "$previous" = "$version" ] || way_back
  if apt-cache madison amdgpu-dkms-firmware | grep -F "://${amdHost}/" | grep -Fq " $version "; then names+=("amdgpu-dkms-firmware=$version"); fi
  install -d "$state/archives/partial"
  started=$(mktemp)
  boot | put "$state/driver.boot"
  if [ "$now" = "$version" ]; then
    # The package is there but its module is not: its own configuration builds it.
    slowly "building the driver" quietly dpkg-reconfigure amdgpu-dkms || undo
  else
    install_exact "\${names[@]}" || undo
  fi
  [ "$(dkms_state "$version")" = installed ] || undo
  rm -f "$started"
}
kept() { ls "$state/archives/$1"_"\${2//:/%3a}"_*.deb 2>/dev/null || true; } # package, version
way_back() {
  [ -n "$(kept amdgpu-dkms "$previous")" ] || ${die("noWayBack", "amdgpu-dkms $previous is installed, and its package is neither kept nor to be had: a driver that does not build could not be undone. Put its .deb into $state/archives, or take that driver out yourself: sudo apt-get purge amdgpu-dkms && sudo reboot")}
}

# Puts back what was there and ends the phase with the reason.
undo() {
  local made back
  made=$(find /var/lib/dkms/amdgpu -name make.log -newer "$started" -printf '%T@ %p\\n' 2>/dev/null | sort -n | tail -n 1 | cut -d ' ' -f 2- || true)
  [ -z "$made" ] || cp "$made" ${logDirectory}/driver-make.log
  back=$(put_back)
  if [ -n "$made" ]; then
    shown=${logDirectory}/driver-make.log
    ${die("driverBuild", "DKMS did not build amdgpu $version for kernel $kernel; $back. Take a driver or a kernel that is known to fit")}
  fi
  [ -n "$(dkms_state "$version")" ] || explain "installing amdgpu-dkms $version ($back)"
  ${die("driverBuild", "DKMS has not installed amdgpu $version for kernel $kernel (it says: $(dkms status 2>&1 | grep '^amdgpu' | tr '\\n' ';')); $back")}
}
put_back() {
  local debs=()
  if [ -n "$previous" ] && [ "$previous" != "$version" ]; then
    say "putting amdgpu-dkms $previous back"
    mapfile -t debs < <(kept amdgpu-dkms "$previous"; kept amdgpu-dkms-firmware "$previous")
    slowly "building the previous driver" quietly dpkg -i --force-downgrade "\${debs[@]}" || true
    if [ "$(installed amdgpu-dkms)" = "$previous" ] && [ "$(dkms_state "$previous")" = installed ]; then
      echo "the driver before it, $previous, is in place again"
    else
      echo "the driver before it, $previous, could not be put back"
    fi
  elif complete && [ "$previous" = "$version" ]; then
    echo "its package stays as it was"
  else
    dpkg --purge --force-remove-reinstreq amdgpu-dkms amdgpu-dkms-firmware >> "$log" 2>&1 || true
    echo "there was none before, and none is left half installed"
  fi
}

report() {
  local now
  now=$(installed amdgpu-dkms)
  printf '{"package":%s,"kernel":%s,"dkms":%s,"held":%s}\\n' "$(json "$now")" "$(json "$(uname -r)")" \\
    "$(json "$(dkms_state "$now")")" "$([ -n "$(held amdgpu-dkms)" ] && echo true || echo false)"
}

remove() {
  [ "$(owner)" = "$claim" ] || { say "this node is claimed by stack \\"$(owner)\\": nothing is removed"; return 0; }
  unhold
  purge_ours
  rm -rf "$state"/driver.* "$state/archives"
  [ ! -d /sys/module/amdgpu ] || say "the loaded module stays until the next reboot"
}
`;
