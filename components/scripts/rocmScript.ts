import type { AptPackage } from "../compatibility/installation.ts";
import { amdHost } from "./aptFunctions.ts";
import { quote } from "./quote.ts";
import type { PhasePart } from "./systemScript.ts";

/** The ROCm packages that a host is to have. */
export interface RocmArgs extends Pick<PhasePart, "ends"> {
  packages: readonly AptPackage[];
}

/** Exactly these packages of one ROCm release, held; a package that the stack no longer names goes. */
export const rocm = ({ packages, ends }: RocmArgs): PhasePart => ({
  phase: "rocm",
  isPinned: true,
  ends,
  body: `pins=(${packages.map(({ name, version }) => quote(`${name}=${version}`)).join(" ")})
${functions}`,
});

const functions = `
names() { printf '%s\\n' "\${pins[@]%%=*}"; }
wanted() {
  local pin
  [ "$(listed rocm.pins)" = "$(printf '%s\\n' "\${pins[@]}")" ] || return 1
  for pin in "\${pins[@]}"; do
    fits "$(installed "\${pin%%=*}")" "\${pin#*=}" && [ -n "$(held "\${pin%%=*}")" ] || return 1
  done
}
work() {
  owned
  need_disk 200
  finish_dpkg || say "dpkg could not finish; going on"
  local pin exact=() change=no name
  [ "$(listed rocm.pins)" = "$(printf '%s\\n' "\${pins[@]}")" ] || change=yes
  for pin in "\${pins[@]}"; do
    resolve "\${pin%%=*}" "\${pin#*=}"
    exact+=("\${pin%%=*}=$version")
  done
  # What the pinned packages brought along moves with them: apt would leave it as long as it satisfies them.
  if [ "$change" = yes ]; then mapfile -t -O "\${#exact[@]}" exact < <(brought_along); fi
  install_exact "\${exact[@]}" || explain "installing ROCm's packages"
  hold $(names)
  for name in $(listed rocm.pins | sed 's/=.*//' | grep -vxFf <(names) || true); do
    apt-mark unhold "$name" >> "$log" 2>&1 || true
    ! listed packages.rocm | grep -qx "$name" || dpkg --purge "$name" >> "$log" 2>&1 || say "left in place, since another package needs it: $name"
  done
  printf '%s\\n' "\${pins[@]}" | put "$state/rocm.pins"
}
brought_along() {
  local name
  for name in $(listed packages.rocm | grep -vxFf <(names) || true); do
    [ -z "$(installed "$name")" ] || ! apt-cache madison "$name" | grep -q "://${amdHost}/" || printf '%s\\n' "$name"
  done
}
report() {
  local name separator=
  printf '{"packages":{'
  for name in $(names); do
    printf '%s%s:%s' "$separator" "$(json "$name")" "$(json "$(installed "$name")")"
    separator=,
  done
  printf '},"held":%s}\\n' "$(json_list $(held $(names)))"
}
remove() {
  [ "$(owner)" = "$claim" ] || { say "this node is claimed by stack \\"$(owner)\\": nothing is removed"; return 0; }
  unhold
  purge_ours
  rm -f "$state/rocm.pins"
}
`;
