"""What `fast.compile` and `fast.graphs` come to on one device. Imports no torch: the prediction of memory asks too."""

from __future__ import annotations

from ..config import Config
from ..errors import refuse


def attention_of(config: Config) -> str:
    """The way of attention that is taken on a GPU where each kernel passes its check."""
    if config.precision == "fp32":
        return "padded"
    return "triton" if config.fast.attention == "auto" else config.fast.attention


def is_direct(*, attention: str, compile_wanted: str, dropout: float) -> bool:
    """Whether forward and backward run as they are written out (direct_network.py), by kernels of our own alone.

    They are made for the kernels' attention, and know no dropout; compile "on" asks for the compiler by name.
    """
    return attention == "triton" and compile_wanted != "on" and dropout == 0


def expects_compiler(config: Config, *, on_gpu: bool) -> bool:
    """Whether a run of recipe `fast` is going to compile, as far as is known before the kernels were checked."""
    if config.fast.compile != "auto":
        return config.fast.compile == "on"
    return on_gpu and not is_direct(
        attention=attention_of(config), compile_wanted="auto", dropout=config.lora.dropout
    )


def choose_speed(config: Config, *, attention: str, accelerator: str | None) -> tuple[bool, bool, bool]:
    """Whether to go directly, to compile, and to capture graphs on `accelerator`, cuda or rocm, None for a CPU."""
    on_gpu = accelerator is not None
    wanted = config.fast.graphs
    if wanted == "on":
        if not on_gpu:
            raise refuse(
                "E_CONFIG", 'fast.graphs: wanted "on", but graphs need a GPU, and this run is on a CPU.'
            )
        if config.lora.dropout:
            raise refuse(
                "E_CONFIG",
                'fast.graphs: wanted "on", but dropout draws new random numbers in every step, which a graph would '
                'repeat. Use "auto", or lora.dropout 0.',
            )
    direct = is_direct(attention=attention, compile_wanted=config.fast.compile, dropout=config.lora.dropout)
    compiled = config.fast.compile == "on" or (config.fast.compile == "auto" and on_gpu and not direct)
    # On ROCm captured graphs have trained wrongly and aborted (pytorch/pytorch 187715, pytorch/helion 3471): by name only.
    automatic = accelerator == "cuda" and not config.lora.dropout
    return direct, compiled, wanted == "on" or (wanted == "auto" and automatic)
