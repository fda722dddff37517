"""What is asked of the memory: the settings that stay the same for a whole run, and one pass through the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..config import Config
from ..errors import refuse
from ..fast.speed import attention_of, is_direct
from ..samples import PAD_TO_MULTIPLE_OF
from .shape import Shape

BYTES = {"fp32": 4, "fp16": 2, "bf16": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One fine-tune on one accelerator, as far as its memory depends on it."""

    shape: Shape
    recipe: str
    precision: str
    rank: int
    targets: tuple[str, ...]
    dropout: float
    checkpointing: bool
    """Keep only the input of each layer, and compute the layer again in the backward pass."""
    ranks: int
    accumulates: bool
    """Whether an optimizer step takes several passes, so that gradients are there while one is computed."""
    direct: bool
    """Recipe `fast`: forward and backward are written out, by kernels of our own (fast/direct_network.py)."""
    compiled: bool
    """Recipe `fast`: torch.compile fuses what is elementwise, and computes it again instead of keeping it."""
    attention: str
    """Recipe `fast`: triton for our kernels, varlen for torch's, padded for padded rows; the kernels have no fp32."""
    graphs: str
    """Recipe `fast`: on, off or auto, as configured."""
    inputs: int = 0
    """Recipe `fast`: bytes that the inputs of all passes take on the device, 0 where the samples are not known."""

    @property
    def width(self) -> int:
        """Bytes of a number in the base, and in the activations."""
        return BYTES[self.precision]

    @property
    def mixed(self) -> bool:
        """Whether the base computes in half precision, and the adapters are kept in fp32."""
        return self.width == 2

    def is_graphed(self, accelerator: str) -> bool:
        """Whether passes are captured on `accelerator`, cuda or rocm: the rule of fast/modes.py."""
        automatic = self.graphs == "auto" and accelerator == "cuda" and self.dropout == 0
        wanted = self.graphs == "on" or automatic
        return self.recipe == "fast" and wanted and not self.checkpointing

    @property
    def adapter_parameters(self) -> int:
        """Numbers that training changes: for each target, rank x (in + out), in every layer."""
        linears = self.shape.linears
        return self.shape.layers * sum(self.rank * sum(linears[target]) for target in self.targets)


def job_of(config: Config, shape: Shape, *, recompute: bool = False) -> Job:
    """What a run's config asks of a model of this shape, on a GPU.

    `recompute` is the fall-back of recipe `fast`, which has no gradient checkpointing by config.
    """
    for target in config.lora.targets:
        if target not in shape.linears:
            raise refuse(
                "E_LORA_TARGET",
                f"lora.targets: no linear layer of {shape.family} is named {target!r}; found {', '.join(shape.linears)}.",
            )
    attention = attention_of(config)
    direct = is_direct(attention=attention, compile_wanted=config.fast.compile, dropout=config.lora.dropout)
    return Job(
        shape=shape,
        recipe=config.recipe,
        precision=config.precision,
        rank=config.lora.rank,
        targets=tuple(dict.fromkeys(config.lora.targets)),
        dropout=config.lora.dropout,
        checkpointing=recompute if config.recipe == "fast" else config.training.gradient_checkpointing,
        ranks=config.world.ranks,
        accumulates=accumulates(config),
        direct=direct,
        compiled=config.fast.compile != "off" and not direct,
        attention=attention,
        graphs=config.fast.graphs,
    )


def accumulates(config: Config) -> bool:
    """Whether a rank takes several passes for each optimizer step."""
    if config.recipe == "walkthrough":
        return config.accumulation_steps > 1
    share = config.training.effective_batch // config.world.ranks
    return (config.fast.samples_at_once or share) < share


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """Samples that go through the model together."""

    samples: int
    tokens: int
    """Of all samples, padding not counted."""
    longest: int
    targets: int
    """Tokens that carry loss."""

    @property
    def row(self) -> int:
        """Columns of a padded row."""
        return -(-self.longest // PAD_TO_MULTIPLE_OF) * PAD_TO_MULTIPLE_OF

    @property
    def ragged(self) -> bool:
        """Whether padded rows hold any padding, so that attention needs a mask."""
        return self.tokens < self.samples * self.row


def pass_of(lengths: Sequence[int], targets: Sequence[int]) -> Pass:
    """The pass of samples of these lengths and numbers of targets, in tokens."""
    return Pass(samples=len(lengths), tokens=sum(lengths), longest=max(lengths), targets=sum(targets))


def even_pass(samples: int, *, mean_length: int, longest: int, target_share: float) -> Pass:
    """So many samples of a mean length, one of them the longest; unless there is only one, they are not all alike."""
    tokens = min(samples * longest - (samples > 1), (samples - 1) * mean_length + longest)
    return Pass(samples=samples, tokens=tokens, longest=longest, targets=round(tokens * target_share))
