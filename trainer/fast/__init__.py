"""The recipe `fast`: the walkthrough's samples, maths and adapter, without its overhead.

All samples of a pass lie in one row of tokens without padding; the frozen base is one weight a group of layers, with the
adapter's B beside it, so that a projection and its adapter are one matrix product; loss and head are computed where a
label is; adapters, gradients and AdamW are three flat fp32 tensors; nothing in a step waits for the device.
Only PyTorch, and the same code on ROCm, CUDA and CPUs.
"""
