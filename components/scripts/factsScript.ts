import { quote } from "./quote.ts";

/**
 * A POSIX shell script that prints what a node is, one `key=value` a line; it changes nothing on the node but makes `root`.
 *
 * Sources of the accelerator rules: /sys/class/kfd/kfd/topology/nodes/N/properties holds `gfx_target_version`, 0 for a
 * CPU (it is what AMD's Kubernetes node labeller reads); /sys/module/amdgpu/version exists for the DKMS driver only.
 */
export function renderFacts({ root }: { root: string }): string {
  return `set -eu
umask 022
root=${quote(root)}
mkdir -p "$root"
field() { printf '%s=%s\\n' "$1" "$2"; }
first() { head -n 1 2>/dev/null || true; }

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
field diskFreeKiB "$(df -Pk "$root" | awk 'NR == 2 { print $4 }')"
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
`;
}
