import { die } from "./phaseScript.ts";

/** How long a phase waits for somebody else's apt, in seconds; unattended upgrades of a new host take some minutes. */
export const aptLockSeconds = 900;

/** AMD's host, whose packages alone a phase takes and whose sources it looks after. */
export const amdHost = "repo.radeon.com";

/**
 * Functions for phases that install packages: exact versions, nothing removed that is not ours, each failure in words.
 *
 * A simulation comes first, so that a plan that would remove somebody's package is refused and what is new is known
 * before it is there: a cut installation is taken away as a whole one is.
 */
export const aptFunctions = (lockSeconds: number): string => `
# The process that holds one of apt's locks, by fcntl's F_GETLK as apt itself asks; perl is part of every Debian.
lock_holder() {
  perl -MFcntl -e 'for my $file (@ARGV) {
    open(my $handle, "+<", $file) or next;
    my $lock = pack("s s x!8 q q i", F_WRLCK, 0, 0, 0, 0);
    fcntl($handle, F_GETLK, $lock) or next;
    my ($type, $whence, $start, $length, $pid) = unpack("s s x!8 q q i", $lock);
    if ($type != F_UNLCK) { print $pid; last }
  }' /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock
}
wait_for_apt() {
  local waited=0 holder name
  while holder=$(lock_holder); [ -n "$holder" ]; do
    name=$(cat "/proc/$holder/comm" 2>/dev/null || echo "of another namespace")
    [ "$waited" -lt ${lockSeconds} ] || ${die("aptLocked", `process $holder ($name) has held apt's lock for ${lockSeconds} s; wait for it, or look what it does: ps -fp $holder`)}
    [ $((waited % 10)) -ne 0 ] || say "waiting for apt: process $holder ($name) holds its lock ($waited s of ${lockSeconds})"
    sleep 1
    waited=$((waited + 1))
  done
}
apt_options=()
apt() {
  wait_for_apt
  apt-get -q -y -o DPkg::Lock::Timeout=60 -o Dpkg::Use-Pty=0 -o Acquire::Retries=2 -o Acquire::http::Timeout=30 \\
    -o Acquire::https::Timeout=30 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \\
    "\${apt_options[@]}" "$@" >> "$log" 2>&1
}
logged() { grep -Eq "$1" "$log"; }
# Ends the phase with what apt could not do, by its own words in the log.
explain() { # what was tried
  local left
  left=$(df -Pk /var | awk 'NR == 2 { print int($4 / 1024) }')
  if [ "$left" -lt 4 ] || logged 'No space left on device|enough free space'; then
    ${die("diskFull", "$1 failed for want of disk: $left MiB are free under /var; free some")}
  elif logged 'Hash Sum mismatch|Hashes of expected file|unexpected size'; then
    ${die("hashMismatch", "$1 failed: what was served is not what the signed index lists (hash mismatch). A proxy or mirror between may be stale; nothing of it was installed")}
  elif logged 'NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|is not signed|signatures? (was|were) invalid|not available: NO_PUBKEY'; then
    ${die("wrongSignature", "$1 failed: the repository is not signed with the key that is trusted for it, see signed-by in its source")}
  elif logged '40[34] +(Not Found|Forbidden)'; then
    ${die("repositoryGone", "$1 failed: $(grep -Eo '(Err:[0-9]+|Failed to fetch) +https?://[^ ]+' \"$log\" | tail -n 1 | grep -Eo 'https?://.*' || echo the repository) does not exist there. Check the pinned versions: AMD moves and removes releases")}
  elif logged 'Could not resolve|Temporary failure|Could not connect|[Cc]onnection (failed|refused|reset|timed out)|timed out|Failed to fetch|Could not handshake|certificate'; then
    ${die("repositoryUnreachable", "$1 failed: $(grep -Eo 'https?://[^/ ]+' \"$log\" | tail -n 1) could not be read; check the node's network, proxy and certificates")}
  elif logged 'Could not get lock|Unable to acquire'; then
    ${die("aptLocked", "$1 failed: another process took apt's lock meanwhile")}
  fi
  ${die("aptFailed", "$1 failed; apt's own words are above")}
}

installed() { # package: its version, or nothing
  dpkg-query -W -f '\${db:Status-Abbrev}|\${Version}\\n' "$1" 2>/dev/null | sed -n 's/^.i |//p' || true
}
fits() { [ -n "$1" ] && [[ $1 == $2 ]]; } # version, pattern
# What apt-mark showhold says, which takes ten times as long.
held() { dpkg-query -W -f '\${db:Status-Want} \${Package}\\n' "$@" 2>/dev/null | sed -n 's/^hold //p' || true; }
hold() { # packages
  local new=()
  [ $# -gt 0 ] || return 0
  mapfile -t new < <(printf '%s\\n' "$@" | grep -vxFf <(held "$@") || true)
  [ \${#new[@]} -gt 0 ] || return 0
  remember "holds.$phase" "\${new[@]}"
  wait_for_apt
  apt-mark hold "\${new[@]}" >> "$log"
}
unhold() {
  local names=()
  mapfile -t names < <(listed "holds.$phase")
  [ \${#names[@]} -eq 0 ] || apt-mark unhold "\${names[@]}" >> "$log" 2>&1 || true
  rm -f "$state/holds.$phase"
}

# Packages that a cut dpkg left between two states. \`dpkg --audit\` also lists complete ones that lack a list of checksums.
open_packages() {
  dpkg-query -W -f '\${db:Status-Abbrev}|\${Package}\\n' | awk -F '|' 'substr($1, 2, 1) ~ /[HUFWt]/ || substr($1, 3, 1) == "R" { print $2 }'
  ls /var/lib/dpkg/updates 2>/dev/null | sed 's/^/journal-/'
}
# Fails where a package cannot be configured; the caller knows whether that matters.
finish_dpkg() {
  [ -n "$(open_packages)" ] || return 0
  say "finishing what an interrupted dpkg left"
  wait_for_apt
  slowly "configuring what is left" quietly dpkg --configure -a --force-confdef --force-confold
}

# Sets version to the one that fits a pattern and comes from AMD.
resolve() { # package, pattern
  local found=() all
  all=$(apt-cache madison "$1" | awk -F '|' '$3 ~ "://${amdHost}/" { gsub(/ /, "", $2); print $2 }' | sort -u)
  local each
  for each in $all; do if fits "$each" "$2"; then found+=("$each"); fi; done
  [ \${#found[@]} -gt 0 ] || ${die("versionGone", `$1 $2 is not in the pinned repository; it has $(echo \${all:-no version of it}). Pin a release that is still there, or use a mirror that keeps it`)}
  [ \${#found[@]} -eq 1 ] || ${die("versionAmbiguous", `$1 $2 fits more than one version: \${found[*]}. Pin an exact release`)}
  version=\${found[0]}
}

# Installs exactly these, and what they depend on; change=yes lets versions go down, which the pins' change alone allows.
install_exact() { # name=version or name
  local flags=(install --no-install-recommends --allow-change-held-packages) plan gone new
  if [ "\${change:-no}" = yes ]; then
    { [ ! -f /etc/apt/preferences ] || cat /etc/apt/preferences
      printf '\\nPackage: *\\nPin: release o=${amdHost}\\nPin-Priority: 1001\\n'; } | put "$state/change.pref"
    flags+=(--allow-downgrades -o "Dir::Etc::Preferences=$state/change.pref")
  fi
  wait_for_apt
  plan=$(apt-get -s -q -y "\${flags[@]}" "$@" 2>> "$log") || { printf '%s\\n' "$plan" >> "$log"; explain "planning to install $*"; }
  gone=$(awk '$1 == "Remv" { print $2 }' <<< "$plan" | grep -vxFf <(cat "$state"/packages.* 2>/dev/null || true) || true)
  [ -z "$gone" ] || ${die("wouldRemove", "to install $* apt would remove $(echo $gone), which rocmark did not bring. Remove these yourself if nothing needs them")}
  mapfile -t new < <(awk '$1 == "Inst" && $3 !~ /^\\[/ { print $2 }' <<< "$plan")
  remember "packages.$phase" "\${new[@]}"
  slowly "installing $(awk '$1 == "Inst"' <<< "$plan" | wc -l) packages" apt "\${flags[@]}" "$@"
}

# Purges what this phase brought, and nothing that somebody else's package needs: dpkg refuses that, apt would take both.
purge_ours() {
  local names=() name there=()
  mapfile -t names < <(listed "packages.$phase")
  for name in "\${names[@]}"; do
    case $(dpkg-query -W -f '\${db:Status-Status}' "$name" 2>/dev/null || true) in '' | not-installed) ;; *) there+=("$name") ;; esac
  done
  wait_for_apt
  if [ \${#there[@]} -gt 0 ]; then
    slowly "removing \${#there[@]} packages" quietly dpkg --purge --force-remove-reinstreq "\${there[@]}" || true
    for name in "\${there[@]}"; do [ -z "$(installed "$name")" ] || say "left in place, since another package needs it: $name"; done
  fi
  rm -f "$state/packages.$phase"
}
`;
