import { quote } from "./quote.ts";

/** Python that prints every installed distribution and what torch was built for. Read on the node, judged by us. */
export const torchProbe = `
import importlib.metadata, json, platform, sys
found = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions() if d.metadata["Name"]}
import torch
device = None
if torch.cuda.is_available():
    device = torch.cuda.get_device_name(0)
json.dump({
    "python": platform.python_version(),
    "packages": found,
    "torch": {"version": torch.__version__, "hip": torch.version.hip, "cuda": torch.version.cuda, "device": device},
}, sys.stdout, sort_keys=True)
print()
`;

/** A bash script that prints what is really installed, as one JSON line on standard output; it changes nothing. */
export function renderVerification({ python }: { python: string }): string {
  return `set -euo pipefail
${quote(python)} - <<'ROCMARK_PROBE'
${torchProbe.trim()}
ROCMARK_PROBE
`;
}
