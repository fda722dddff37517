"""The trainer's config: what one run is, complete. The same config and seed are the same run.

Names are camelCase in JSON (`microBatch`) and snake_case here (`micro_batch`); `parse.py` turns one into the other
and names the key of everything it refuses. `schema/config.schema.json` says the same as these classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Scenario = Literal["finetune", "evaluate", "generate", "gemm", "bandwidth", "attention", "allreduce"]
Precision = Literal["fp32", "fp16", "bf16"]


def at_least(minimum: float) -> Any:
    """A number that must not be below `minimum`."""
    return field(metadata={"minimum": minimum})


def above(limit: float) -> Any:
    """A number that must be greater than `limit`."""
    return field(metadata={"above": limit})


def fraction() -> Any:
    """A number from 0 to 1."""
    return field(metadata={"minimum": 0, "maximum": 1})


def not_empty() -> Any:
    """A text or a list with something in it."""
    return field(metadata={"not_empty": True})


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Which run of which experiment this is; copied into the record as it stands."""

    id: str = field(metadata={"pattern": r"[A-Za-z0-9][A-Za-z0-9-]{7,63}"})
    stack: str | None
    experiment: str = not_empty()
    arm: str = not_empty()
    scenario: Scenario
    repeat: int = at_least(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """Which trainer this is, as the one who sent it knows it."""

    version: str = not_empty()
    commit: str | None
    dirty: bool | None
    bundle: str | None
    """sha256 of the bundle, or null for a checkout."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """What a node said about itself before the run."""

    node: str = not_empty()
    digest: str = field(metadata={"pattern": r"[0-9a-f]{64}"})
    facts: dict[str, Any]
    installed: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """The base model: `bundled`, a folder in the hub's format, or a hub id."""

    name: str = not_empty()
    revision: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """The questions: `bundled`, a folder of JSON lines or Parquet, or a hub id; in MedMCQA's columns."""

    name: str = not_empty()
    revision: str | None
    train_samples: int | None = at_least(1)
    """First so many rows with an answer; null takes all."""
    validation_samples: int | None = at_least(1)
    """First so many rows with an answer; null takes all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lora:
    """The adapter that is trained."""

    rank: int = at_least(1)
    alpha: float = above(0)
    dropout: float = fraction()
    targets: tuple[str, ...] = not_empty()
    """Last part of the names of the linear layers that get an adapter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """How long, how wide and how fast to train."""

    epochs: float = above(0)
    max_length: int = at_least(1)
    """Tokens a sample, prompt and answer together."""
    too_long: Literal["cut", "refuse"]
    """What becomes of a longer sample: `cut` takes the end of its explanation, then the beginning of its prompt, never the
    answer; `refuse` ends the run before it trains, and names the sample."""
    micro_batch: int = at_least(1)
    """Samples that one rank takes through the model at once in recipe `walkthrough`; see `fast.samplesAtOnce`."""
    effective_batch: int = at_least(1)
    """Samples an optimizer step, over all ranks and accumulation steps."""
    learning_rate: float = above(0)
    """Reached at the end of the warmup."""
    schedule: Literal["cosine", "linear", "constant"]
    """How the learning rate falls to zero after the warmup, or that it does not."""
    warmup_ratio: float = fraction()
    """Share of all optimizer steps, rounded up."""
    weight_decay: float = at_least(0)
    max_gradient_norm: float = above(0)
    gradient_checkpointing: bool
    loss_on: Literal["option", "answer", "all"]
    """`option`: on the right option alone, its explanation left out of the sample; `answer`: on all that follows
    "### Answer:"; `all`: on the question too, as the published walkthrough does."""
    max_steps: int | None = at_least(1)
    """Optimizer steps after which to stop, null for all epochs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fast:
    """Settings of the recipe `fast`; `walkthrough` has none of them."""

    samples_at_once: int | None = at_least(1)
    """Most samples that one rank packs into one pass; null takes its whole share of the effective batch, or as much of
    it as the predicted memory allows. It changes speed and memory, not results: `training.microBatch` is the
    walkthrough's."""
    attention: Literal["auto", "triton", "varlen", "padded"]
    """`triton` takes kernels of our own for attention within packed samples, for norm and position of its heads and for the
    gated product; `varlen` torch's own kernel for the attention; `padded` pads for the attention alone. `auto` takes the first
    that passes a check on the machine."""
    compile: Literal["auto", "on", "off"]
    """torch.compile, one region a layer; `auto` means on a GPU, where our own kernels do not serve the whole pass."""
    graphs: Literal["auto", "on", "off"]
    """Replay a captured graph of each step; `auto` means on CUDA, and off on ROCm and CPUs."""
    checkpoint_every: int | None = at_least(1)
    """Optimizer steps between checkpoints in --out, from which `train --resume` goes on; null keeps none. Recipe
    `walkthrough` keeps none: it refuses a number here, and `--resume`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What to ask the model, before and after training."""

    untuned: bool
    tuned: bool
    letters: bool
    """Also let the model write an answer, and read the letter from it."""
    batch: int = at_least(1)
    """Questions scored at once. It changes speed and memory, never results."""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """On which nodes, with how many processes, over what."""

    nodes: tuple[str, ...] = not_empty()
    ranks_per_node: int = at_least(1)
    transport: Literal["auto", "gloo", "nccl"]
    timeout_seconds: float = above(0)
    """How long one collective operation may take before the run ends."""

    @property
    def ranks(self) -> int:
        """Processes in all."""
        return len(self.nodes) * self.ranks_per_node


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """One run of the trainer."""

    schema: Literal[1]
    run: Run
    code: Code
    fingerprints: tuple[Fingerprint, ...]
    recipe: Literal["walkthrough", "fast"]
    model: Model
    data: Data
    precision: Precision
    device: Literal["auto", "cpu", "cuda"]
    """`cuda` is also what torch calls a ROCm device; `auto` takes the accelerator that is there."""
    threads: int | None = at_least(1)
    """Intra-op threads of one rank on a CPU, null for torch's own choice."""
    lora: Lora
    training: Training
    fast: Fast
    evaluation: Evaluation
    profile: bool
    """After training, measure what the device can do and repeat a step to see where its time goes: some seconds, which
    no timed step holds."""
    world: World
    seed: int = field(metadata={"minimum": 0, "maximum": 2**32 - 1})

    @property
    def accumulation_steps(self) -> int:
        """Micro-batches that one rank takes for each optimizer step."""
        return self.training.effective_batch // (self.training.micro_batch * self.world.ranks)
