"""One training by the recipe `fast`: prepared once, run step by step, repeatable for a look at where time goes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..config import Config
from ..device import torch_dtype
from ..errors import RocmarkError, refuse
from ..order import Plan, micro_batch_seed
from ..progress import Progress
from ..recorder import Steps, check_finite
from ..samples import Sample
from ..world import World
from .adapters import take_over
from .architecture import read_architecture
from .attention import choose_attention
from .clock import LAG, StepClock
from .graphs import TOLERANCE, Graphs
from .inputs import Inputs, longest_sequence, upload
from .network import Network
from .optimizer import make_state, put_tables, update
from .packing import make_packs
from .schedule import make_table


class Session:
    """The model, its adapters, all inputs and the optimizer's state on the device, ready for the first step."""

    def __init__(
        self,
        *,
        model: Any,
        samples: Sequence[Sample],
        plan: Plan,
        world: World,
        device: Any,
        config: Config,
        progress: Progress,
        steps: Steps,
        at_once: int | None = None,
        recompute: bool = False,
    ) -> None:
        """`at_once` and `recompute` are the fall-backs when memory asks for them: samples a pass, and checkpointing."""
        import torch

        self._config, self._world, self._device = config, world, device
        self._samples, self._plan, self._progress, self._steps = samples, plan, progress, steps
        base = model.get_base_model()
        architecture = read_architecture(base.config, config.lora.targets)
        self._compiled, self._graphed = choose_modes(config, device, recompute=recompute)
        fixed = self._compiled or self._graphed
        packs = make_packs(
            samples,
            plan,
            rank=world.place.rank,
            at_once=at_once or config.fast.samples_at_once,
            fixed_shapes=fixed,
        )
        flat = [pack for step in packs for pack in step]
        divisors = [self._targets_of(step) for step in range(len(plan.steps))]
        together = longest_sequence(flat, fixed_shapes=fixed)
        # Repeating shapes need one width for all; without them every pass pads to its own longest sample.
        longest = [together if fixed else longest_sequence([pack], fixed_shapes=False) for pack in flat]
        inputs = upload(samples, flat, [divisors[pack.step] for pack in flat], longest=longest, device=device)
        passes = iter(zip(flat, inputs, longest, strict=True))
        self._passes = [[next(passes) for _ in step] for step in packs]
        self._adapters = take_over(model, rank=config.lora.rank, scaling=config.lora.alpha / config.lora.rank)
        self._network = Network(
            model,
            architecture,
            self._adapters,
            attention=choose_attention(
                config.fast.attention,
                device=device,
                dtype=torch_dtype(config.precision),
                heads=architecture.heads,
                kv_heads=architecture.kv_heads,
                head_dim=architecture.head_dim,
            ),
            dropout=config.lora.dropout,
            compiled=self._compiled,
            recompute=recompute,
            longest=together,
        )
        self._scaled = config.precision == "fp16"
        self._state = make_state(self._adapters.flat, num_steps=len(plan.steps), scaled=self._scaled)
        self._tables = put_tables(make_table(config.training, len(plan.steps)), device)
        self._total = torch.zeros(self._adapters.flat.numel() + 1, dtype=torch.float32, device=device)
        self._number = torch.zeros((), dtype=torch.int64, device=device)
        self._run: Callable[[Inputs, bool, int], None] = self._run_eagerly
        self._skips = 0

    def prepare(self) -> None:
        """Compile and capture every shape that will come; changes nothing that is trained."""
        if not self._compiled and not self._graphed:
            return
        shapes: dict[Any, tuple[Inputs, bool, int]] = {}
        for step in self._passes:
            for number, (_, inputs, longest) in enumerate(step):
                shapes.setdefault(Graphs.key(inputs, first=number == 0), (inputs, number == 0, longest))
        for done, (inputs, first, longest) in enumerate(shapes.values(), start=1):
            self._run_eagerly(inputs, first, longest)
            self._progress.update("compile", done, len(shapes))
        if self._graphed:
            self._capture(list(shapes.values()))

    def train(self) -> None:
        """All optimizer steps; the adapter is PEFT's own again afterwards."""
        import torch

        total = len(self._plan.steps)
        clock = StepClock(self._device, num_values=4)
        clock.start()
        for step in range(total):
            self._add_gradients(step)
            if self._world.place.size > 1:
                torch.distributed.all_reduce(self._total)
            with torch.no_grad():
                update(
                    self._state,
                    self._tables,
                    self._total,
                    self._number,
                    max_norm=self._config.training.max_gradient_norm,
                    scaled=self._scaled,
                )
                self._adapters.write_back()
                self._number.add_(1)
            clock.mark(self._state.history[step])
            if step + 1 > LAG:
                self._take(step + 1 - LAG, clock)
        for number in range(max(1, total - LAG + 1), total + 1):
            self._take(number, clock)

    def finish(self) -> None:
        """Give the adapters back to PEFT."""
        self._adapters.release()

    def repeat_step(self) -> None:
        """Forward and backward of the middle step once more, changing nothing that is trained: for a profile."""
        self._add_gradients(len(self._passes) // 2)

    def _add_gradients(self, step: int) -> None:
        import torch

        for index, (pack, inputs, longest) in enumerate(self._passes[step]):
            if self._config.lora.dropout:
                torch.manual_seed(
                    micro_batch_seed(seed=self._config.seed, step=pack.step, number=pack.number)
                )
            self._run(inputs, index == 0, longest)

    def _run_eagerly(self, inputs: Inputs, first: bool, longest: int) -> None:
        self._network.add_gradient(inputs, self._state.scale, self._total, first=first, longest=longest)

    def _capture(self, shapes: list[tuple[Inputs, bool, int]]) -> None:
        longest = shapes[0][2]
        graphs = Graphs(lambda inputs, first: self._run_eagerly(inputs, first, longest), self._total)
        worst = max(graphs.capture(inputs, first=first) for inputs, first, _ in shapes)
        if worst <= TOLERANCE:
            self._run = lambda inputs, first, _: graphs.replay(inputs, first=first)
            return
        found = f"gradients from a captured graph differ from the eager ones by {worst:.3g} of their norm"
        if self._config.fast.graphs == "on":
            raise RocmarkError("E_GRAPHS", f'fast.graphs: wanted "on", but {found}. Use "off".')
        self._progress.note(f"graphs are off: {found}")

    def _take(self, number: int, clock: StepClock) -> None:
        """Step `number` (from 1) into the record, as soon as the device is through with it."""
        seconds, (loss, norm, skipped, scale) = clock.read(number)
        total = len(self._plan.steps)
        self._skips = self._skips + 1 if skipped else 0
        check_finite(number, total, loss, norm, skips=self._skips if self._scaled else 0, scale=scale)
        members = [self._samples[index] for part in self._plan.steps[number - 1] for index in part]
        steps = self._steps
        steps.seconds.append(seconds)
        steps.tokens.append(sum(len(sample.input_ids) for sample in members))
        steps.target_tokens.append(sum(sample.num_targets for sample in members))
        steps.loss.append(loss)
        steps.gradient_norm.append(norm if math.isfinite(norm) else 0.0)
        steps.skipped.append(bool(skipped))
        speed = round(steps.tokens[-1] / max(seconds, 1e-9))
        self._progress.update("train", number, total, loss=loss, tokens_per_second=speed)

    def _targets_of(self, step: int) -> int:
        """Target tokens of the effective batch, over all ranks."""
        return sum(self._samples[index].num_targets for part in self._plan.steps[step] for index in part)


def choose_modes(config: Config, device: Any, *, recompute: bool) -> tuple[bool, bool]:
    """Whether to compile and whether to capture graphs here."""
    import torch

    on_gpu = device.type == "cuda"
    wanted = config.fast.graphs
    if wanted == "on":
        if not on_gpu:
            raise refuse(
                "E_CONFIG", 'fast.graphs: wanted "on", but graphs need a GPU, and this run is on a CPU.'
            )
        if config.lora.dropout or recompute:
            raise refuse(
                "E_CONFIG",
                'fast.graphs: wanted "on", but dropout and recomputed activations draw new random numbers in every '
                'step, which a graph would repeat. Use "auto", or lora.dropout 0 and smaller passes.',
            )
    compiled = config.fast.compile == "on" or (config.fast.compile == "auto" and on_gpu)
    # On ROCm captured graphs have trained wrongly and aborted (pytorch/pytorch 187715, pytorch/helion 3471): by name only.
    automatic = on_gpu and torch.version.hip is None and not config.lora.dropout and not recompute
    return compiled, wanted == "on" or (wanted == "auto" and automatic)
