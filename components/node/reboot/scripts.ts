import { stateDirectory } from "../../scripts/phaseScript.ts";
import type { BootState } from "./request.ts";

/** Prints boots, kernel, driver and the programs that have a GPU open, one `key=value` a line; root sees them all. */
export const stateScript = `{
set -u
state=${stateDirectory}
echo "bootId=$(cat /proc/sys/kernel/random/boot_id)"
echo "kernel=$(uname -r)"
if [ -r /sys/module/amdgpu/version ]; then echo "module=$(cat /sys/module/amdgpu/version)"
elif [ -d /sys/module/amdgpu ]; then echo module=in-tree; fi
[ ! -r "$state/driver.boot" ] || echo "changedIn=$(cat "$state/driver.boot")"
[ ! -r "$state/driver.asked" ] || echo "askedIn=$(cat "$state/driver.asked")"
for process in /proc/[0-9]*; do
  if find "$process/fd" -lname /dev/kfd 2>/dev/null | grep -q .; then
    echo "user=$(cat "$process/comm" 2>/dev/null) (process \${process#/proc/})"
  fi
done
exit 0
} </dev/null
`;

/** Asks the node to end, a moment later, so that whoever asks still hears that it was asked. */
export const rebootScript = `{
set -eu
state=${stateDirectory}
cat /proc/sys/kernel/random/boot_id > "$state/driver.asked"
sync
setsid sh -c 'sleep 1; systemctl reboot || reboot' > /dev/null 2>&1 < /dev/null &
echo asked
} </dev/null
`;

/** What {@link stateScript} printed. */
export function parseBootState(text: string): BootState {
  const lines = text.split("\n").map((line) => /^([a-zA-Z]+)=(.*)$/.exec(line));
  const all = (key: string) =>
    lines.filter((line) => line?.[1] === key).map((line) => line?.[2]?.trim() ?? "");
  const one = (key: string) => all(key)[0] || null;
  return {
    bootId: one("bootId") ?? "",
    kernel: one("kernel") ?? "",
    module: one("module"),
    changedIn: one("changedIn"),
    askedIn: one("askedIn"),
    users: all("user"),
  };
}
