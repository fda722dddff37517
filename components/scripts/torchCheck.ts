import { quote } from "./quote.ts";
import { refusals } from "./refusals.ts";

/** PyTorch as a stack pins it, and what it has to say of itself. */
export interface WheelPin {
  /** The one index that it comes from. */
  index: string;
  /** Version with its local part, "2.10.0+rocm7.1". */
  torch: string;
  /** What `torch.version.hip` begins with, "7.1.". */
  hip: string;
  /** GPU targets of the node, "gfx942"; empty where they are not known before a driver is loaded. */
  targets: readonly string[];
}

// `torch.cuda.get_arch_list()` is empty where no device is reachable, which is not what is asked here.
const program = `
import sys
version, hip, targets = sys.argv[1], sys.argv[2], sys.argv[3:]
import torch
built = getattr(getattr(torch, "_C", None), "_cuda_getArchFlags", lambda: None)()
arches = [a.split(":")[0] for a in (built.split() if built else torch.cuda.get_arch_list())]
found = torch.version.hip
wrong = []
if torch.__version__ != version:
    wrong.append(f"torch: wanted {version}, found {torch.__version__}")
if torch.version.cuda is not None:
    wrong.append(f"torch: wanted a ROCm build, found one for CUDA {torch.version.cuda}")
elif found is None:
    wrong.append("torch: wanted a ROCm build, found one for CPUs only")
elif not found.startswith(hip):
    wrong.append(f"torch.version.hip: wanted {hip}x, found {found}")
for target in targets:
    if target not in arches:
        wrong.append(f"torch: wanted code for {target}, found {' '.join(arches) or 'none'}")
print("\\n".join(wrong), file=sys.stderr)
sys.exit(1 if wrong else 0)
`;

/** Shell that refuses an environment whose torch is not the pinned build: pip takes a wrong wheel without a word. */
export const renderTorchCheck = ({ torch, hip, targets }: WheelPin): string =>
  `  "$environment/bin/python" - ${[torch, hip, ...targets].map(quote).join(" ")} <<'ROCMARK_TORCH' || { say "This is not the PyTorch that the stack pins; pin another, or write its lock again: npx rocmark lock"; exit ${refusals.wrongTorch}; }
${program.trim()}
ROCMARK_TORCH`;
