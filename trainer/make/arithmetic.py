"""Import this before torch: arithmetic that gives the same bits on any x86-64 processor since 2013.

Left alone, torch, MKL and oneDNN each take the widest instructions that a processor has, and wider ones add in another
order: after a thousand steps that is another model. One thread, because threads share out additions as well.
"""

from __future__ import annotations

import os

os.environ |= {
    # torch's own kernels; MKL's "conditional numerical reproducibility", which STRICT makes hold for every size.
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "AVX2,STRICT",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}

THREADS = 1
