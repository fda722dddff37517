import { quote } from "./quote.ts";

/**
 * A POSIX shell script that prints what a node is, one `key=value` a line, as any user. It changes nothing on the node, but
 * makes `root` when one is given.
 *
 * Sources of the accelerator rules: /sys/class/kfd/kfd/topology/nodes/N/properties holds `gfx_target_version`, 0 for a
 * CPU (it is what AMD's Kubernetes node labeller reads); /sys/module/amdgpu/version exists for the DKMS driver only.
 */
export function renderFacts({ root }: { root: string | null }): string {
  return `set -eu
umask 022
PATH=$PATH:/usr/sbin:/sbin
field() { printf '%s=%s\\n' "$1" "$2"; }
first() { head -n 1 2>/dev/null || true; }
${root === null ? "" : `mkdir -p ${quote(root)}\nfield diskFreeKiB "$(df -Pk ${quote(root)} | awk 'NR == 2 { print $4 }')"\n`}
field system "$(uname -s)"
field kernel "$(uname -r)"
field architecture "$(uname -m)"
if [ -r /etc/os-release ]; then
  field os "$(. /etc/os-release; printf '%s' "\${ID:-unknown}")"
  field osVersion "$(. /etc/os-release; printf '%s' "\${VERSION_ID:-unknown}")"
else
  field os "$(uname -s | tr '[:upper:]' '[:lower:]')"
  field osVersion "$( (sw_vers -productVersion 2>/dev/null || uname -r) | first)"
fi
field cores "$(getconf _NPROCESSORS_ONLN)"
if [ -r /proc/meminfo ]; then
  field memoryKiB "$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)"
  field cpu "$(awk -F ': *' '/^model name/ { print $2; exit }' /proc/cpuinfo)"
else
  field memoryKiB "$(( $(sysctl -n hw.memsize) / 1024 ))"
  field cpu "$(sysctl -n machdep.cpu.brand_string)"
fi
field python "$( (python3 -c 'import platform; print(platform.python_version())' 2>/dev/null || true) | first)"

accelerator=cpu
if [ -r /sys/module/amdgpu/version ]; then field amdgpuDriver "$(cat /sys/module/amdgpu/version)"; fi
for properties in /sys/class/kfd/kfd/topology/nodes/*/properties; do
  [ -r "$properties" ] || continue
  target=$(awk '$1 == "gfx_target_version" { print $2 }' "$properties" 2>/dev/null || true)
  if [ "\${target:-0}" != 0 ]; then accelerator=rocm; field gpu "$target"; fi
done
if [ "$accelerator" = cpu ] && command -v nvidia-smi >/dev/null 2>&1; then
  gpus=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null || true)
  if [ -n "$gpus" ]; then
    accelerator=cuda
    printf '%s\\n' "$gpus" | while IFS= read -r line; do field gpu "$line"; done
  fi
fi
field accelerator "$accelerator"
${amdFacts}`;
}

/**
 * A script that looks whether a node is still what its facts say. It prints them as they were printed, unless something
 * changed that rocmark's own phases do not change: kernel, distribution, GPUs, Secure Boot.
 */
export function renderFactsCheck(): string {
  return `facts() (
${renderFacts({ root: null })})
lasting() { grep -vE '^(accelerator|amdgpu[A-Za-z]*|gpu|groups|kfd|memoryKiB|python)=' || true; }
before=\${PULUMI_COMMAND_STDOUT-}
now=$(facts) || exit
if [ "$(printf '%s\\n' "$now" | lasting)" = "$(printf '%s\\n' "$before" | lasting)" ]; then now=$before; fi
printf '%s\\n' "$now"
`;
}

// Only for a node that has an AMD GPU, with a driver or without one. PCI classes: 03 is a display, 12 an accelerator.
const amdFacts = `
cards=
for device in /sys/bus/pci/devices/*; do
  [ "$(cat "$device/vendor" 2>/dev/null || true)" = 0x1002 ] || continue
  case $(cat "$device/class" 2>/dev/null || true) in 0x03* | 0x12*) ;; *) continue ;; esac
  id=$(cat "$device/device" 2>/dev/null || true)
  cards="$cards\${id#0x} $( (cat "$device/product_name" 2>/dev/null || true) | first)
"
done
listed=
if command -v lspci >/dev/null 2>&1; then
  listed=$(lspci -nn 2>/dev/null | sed -n 's/^[^ ]* [^[]*\\[\\(03\\|12\\)[0-9a-f]*\\]: \\(.*\\) \\[1002:\\([0-9a-f]*\\)\\].*/\\3 \\2/p' || true)
fi
[ -n "$cards" ] || cards=$listed
[ -n "$cards$listed" ] || [ "$accelerator" = rocm ] || exit 0

printf '%s\\n%s\\n' "$cards" "$listed" | while IFS= read -r line; do [ -z "$line" ] || field card "$line"; done
if [ -r /etc/os-release ]; then field osName "$(. /etc/os-release; printf '%s' "\${VERSION:-}")"; fi

secure=off
variable=/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
if [ -r "$variable" ] && [ "$(od -An -t u1 -j 4 -N 1 "$variable" | tr -d ' ')" = 1 ]; then secure=enforcing; fi
if command -v mokutil >/dev/null 2>&1; then
  state=$(mokutil --sb-state 2>/dev/null || true)
  case $state in
    *"validation is disabled"*) secure=off ;;
    *"SecureBoot enabled"*) secure=enforcing ;;
    *"SecureBoot disabled"*) secure=off ;;
  esac
  if [ "$secure" = enforcing ]; then
    case $(mokutil --test-key /var/lib/shim-signed/mok/MOK.der 2>/dev/null || true) in
      *"already enrolled"*) secure="key enrolled" ;;
    esac
  fi
fi
field secureBoot "$secure"
if grep -q '^flags.* hypervisor' /proc/cpuinfo 2>/dev/null; then field machine virtual; else field machine real; fi
if [ -r /sys/module/amdgpu/version ]; then module=dkms; elif [ -d /sys/module/amdgpu ]; then module=in-tree; else module=none; fi
field amdgpuModule "$module"
field amdgpuPackage "$(dpkg-query -W -f '\${db:Status-Abbrev} \${Version}' amdgpu-dkms 2>/dev/null | sed -n 's/^.i. *//p' || true)"
field groups "$(id -nG)"
if [ ! -e /dev/kfd ]; then kfd=absent; elif [ -r /dev/kfd ] && [ -w /dev/kfd ]; then kfd=open; else kfd=denied; fi
field kfd "$kfd"
`;
