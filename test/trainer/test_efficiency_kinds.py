"""Kernels and operators by their names, as the libraries write them."""

from __future__ import annotations

import pytest

from trainer.efficiency.kinds import kernel_kind, operator_kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("nvjet_hsh_128x256_64x4_1x2_h_bz_coopA_NTN", "matmul"),
        ("sm90_xmma_gemm_f16f16_f16f32_f32_tn_n_tilesize128x128x64_warpgroupsize1x1x1_execute", "matmul"),
        ("ampere_fp16_s16816gemm_fp16_128x64_ldg8_f2f_stages_64x4_tn", "matmul"),
        ("void cutlass::Kernel2<cutlass_80_tensorop_f16_s16816gemm_f16_256x64_32x4_nn_align8>(Params)", "matmul"),
        ("void cublasLt::splitKreduce_kernel<32, 16, int, __half, __half, __half, true>()", "matmul"),
        ("void gemv2T_kernel_val<int, int, __half, __half, __half, float, 128, 16, 4, 4, false>()", "matmul"),
        ("Cijk_Alik_Bljk_HHS_BH_Bias_HAS_SAV_UserArgs_MT128x128x64_MI16x16x1_SN_LDSB1", "matmul"),
        ("Cijk_Ailk_Bljk_S_B_UserArgs_MT64x64x16_MI16x16x4x1_SN", "matmul"),
        ("triton_tem_fused_mm_3", "matmul"),
        ("matmul_kernel", "matmul"),
        ("void pytorch_flash::flash_fwd_kernel<Flash_fwd_kernel_traits<128, 128, 64, 4>, true>()", "attention"),
        ("void flash::flash_bwd_dq_dk_dv_loop_seqk_parallel_kernel<Flash_bwd_kernel_traits<128>>()", "attention"),
        ("fmha_cutlassF_f16_aligned_64x128_rf_sm80(PyTorchMemEffAttention::AttentionKernel)", "attention"),
        ("cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_3_64x128x128", "attention"),
        ("attn_fwd", "attention"),
        ("bwd_kernel_dk_dv", "attention"),
        ("bwd_kernel_dq", "attention"),
        ("bwd_preprocess_varlen", "attention"),
        ("void ck_tile::kentry<ck_tile::FmhaFwdKernel<>>()", "attention"),
        ("triton_tem_fused_flex_attention_0", "attention"),
        ("ncclDevKernel_AllReduce_Sum_f32_RING_LL(ncclDevKernelArgsStorage<4096ul>)", "communication"),
        ("ncclDevKernel_Generic_1(ncclDevKernelArgsStorage<4096ul>)", "communication"),
        ("void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<c10::Half>>()", "memory"),
        ("void at::native::reduce_kernel<512, 1, at::native::ReduceOp<float, at::native::MeanOps>>()", "memory"),
        ("triton_poi_fused_mm_mul_silu_4", "memory"),
        ("triton_red_fused__scaled_dot_product_flash_attention_mean_pow_2", "memory"),
        ("Memcpy DtoD (Device -> Device)", "memory"),
        ("Memset (Device)", "memory"),
    ],
)  # fmt: skip
def test_a_kernel(name: str, kind: str) -> None:
    assert kernel_kind(name) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aten::mm", "matmul"),
        ("aten::addmm", "matmul"),
        ("mkldnn::_linear_pointwise", "matmul"),
        ("aten::_scaled_dot_product_flash_attention_for_cpu", "attention"),
        ("aten::mul", "memory"),
        ("aten::copy_", "memory"),
        ("gloo:all_reduce", "communication"),
        ("## Call CompiledFxGraph fkvk7k6tz ##", "memory"),
        ("aten::view", None),
        ("aten::empty", None),
        ("MmBackward0", None),
        ("autograd::engine::evaluate_function: MmBackward0", None),
        ("Optimizer.step#AdamW.step", None),
    ],
)
def test_an_operator(name: str, kind: str | None) -> None:
    assert operator_kind(name) == kind
