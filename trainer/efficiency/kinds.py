"""What a kernel or an operator is for, told by its name: a closed set of four, and "memory" is whatever is left."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["matmul", "attention", "communication", "memory"]

# Inductor names a fused kernel after the operators it came from, so a pointwise one may well say "mm" or "attention".
FUSED = re.compile(r"triton_(poi|red|per|for)_")
# PyTorch's flash and memory-efficient kernels, cuDNN's sdpa, AOTriton (attn_fwd, bwd_kernel_dk_dv, bwd_kernel_dq,
# bwd_preprocess) and Composable Kernel (FmhaFwd) on ROCm, FlexAttention's template, fast/attention_kernels.py.
ATTENTION = re.compile(
    r"flash|fmha|attn|attention|sdpa|attend|bwd_kernel_(dk|dq|fuse)|bwd_preprocess", re.IGNORECASE
)
# RCCL keeps NCCL's kernel names.
COMMUNICATION = re.compile(r"nccl|rccl|all_?reduce|all_?gather|reduce_?scatter", re.IGNORECASE)
# cuBLAS (gemm, gemv, xmma, cutlass, on Hopper nvjet), its split-K sums, Tensile's Cijk_ below rocBLAS and hipBLASLt,
# Inductor's templates (triton_tem_fused_mm) and Triton's own tutorials' names.
MATMUL = re.compile(
    r"gemm|gemv|xmma|cutlass|nvjet|split_?k|Cijk_|matmul|(^|_)(add|b)?mm(_|$)|triton_tem_", re.IGNORECASE
)

PRODUCTS = frozenset(
    f"aten::{name}"
    for name in (
        "mm", "addmm", "bmm", "baddbmm", "addbmm", "mv", "addmv", "dot", "_addmm_activation", "mkldnn_linear", "linear",
    )
)  # fmt: skip
# Operators that only make another view, or room: the host's work, not the memory's.
VIEWS = frozenset(
    f"aten::{name}"
    for name in (
        "view", "_unsafe_view", "reshape", "_reshape_alias", "as_strided", "as_strided_", "transpose", "t", "permute",
        "expand", "expand_as", "slice", "narrow", "select", "split", "chunk", "unbind", "unsqueeze", "squeeze", "alias",
        "detach", "detach_", "empty", "empty_strided", "empty_like", "new_empty", "resize_", "to", "contiguous",
        "result_type", "resolve_conj", "resolve_neg", "lift_fresh", "set_", "is_nonzero", "unflatten", "flatten",
    )
)  # fmt: skip


def kernel_kind(name: str) -> Kind:
    """What a GPU's kernel is for."""
    if FUSED.match(name):
        return "memory"
    if COMMUNICATION.search(name):
        return "communication"
    if ATTENTION.search(name):
        return "attention"
    return "matmul" if MATMUL.search(name) else "memory"


def operator_kind(name: str) -> Kind | None:
    """What a CPU's operator is for; None for what is no computation (views, autograd's and Python's own entries).

    A region that Inductor compiled for the CPU shows as one entry, with the matrix products in it as their own.
    """
    if name.startswith(("gloo:", "nccl:")):
        return "communication"
    if "CompiledFxGraph" in name:
        return "memory"
    if not name.startswith(("aten::", "mkldnn::")) or name in VIEWS:
        return None
    if "attention" in name:
        return "attention"
    return "matmul" if name in PRODUCTS or name.startswith("mkldnn::_linear") else "memory"
