"""One training by the recipe `fast`: prepared once, run step by step, repeatable for a look at where time goes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..config import Config
from ..efficiency.repeat import typical_step_of
from ..errors import RocmarkError
from ..order import Plan, micro_batch_seed
from ..progress import Progress
from ..recorder import Steps, check_finite
from ..samples import Sample
from ..trained import Trained
from ..world import World
from .adapters import take_over
from .architecture import read_architecture
from .checkpoints import Checkpoints, Stand, Stopwatch
from .clock import LAG, StepClock
from .graphs import TOLERANCE, Graphs
from .inputs import Inputs
from .make_network import make_network
from .modes import Modes, settle_modes
from .optimizer import make_state, put_tables, update
from .passes import Shape, make_passes, shapes_of, step_targets
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
        modes: Modes | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        """`modes` is how to go about it, the config's own when left out; without `checkpoints` none are written."""
        import torch

        self._config, self._world, self._device = config, world, device
        self._samples, self._plan, self._progress, self._steps = samples, plan, progress, steps
        self._checkpoints = checkpoints
        architecture = read_architecture(model.get_base_model().config, config.lora.targets)
        modes = modes or settle_modes(config, architecture, device)
        self._graphed = modes.graphed
        # What is compiled for one shape alone, be it a graph, a layer or a choice of a matrix kernel, wants few of them.
        self._prepares = modes.direct or modes.compiled or modes.graphed
        self._passes, longest = make_passes(
            samples,
            plan,
            rank=world.place.rank,
            at_once=modes.samples_at_once,
            fixed_shapes=self._prepares,
            device=device,
        )
        self._adapters = take_over(model, rank=config.lora.rank, scaling=config.lora.alpha / config.lora.rank)
        self._network = make_network(
            model, architecture, self._adapters, modes, dropout=config.lora.dropout, longest=longest
        )
        self._scaled = config.precision == "fp16"
        self._state = make_state(self._adapters.flat, num_steps=len(plan.steps), scaled=self._scaled)
        self._tables = put_tables(make_table(config.training, len(plan.steps)), device)
        self._total = torch.zeros(self._adapters.flat.numel() + 1, dtype=torch.float32, device=device)
        self._number = torch.zeros((), dtype=torch.int64, device=device)
        self._run: Callable[[Inputs, bool, int], None] = self._run_eagerly
        self._skips = 0
        self._done = 0
        self._seconds_before = 0.0

    def go_on_from(self, stand: Stand) -> None:
        """Take up a training where another process left it."""
        import torch

        with torch.no_grad():
            for name, tensor in stand.tensors.items():
                getattr(self._state, name).copy_(tensor)
            self._number.fill_(stand.step)
            self._adapters.write_back()
        for name in Steps.__slots__:
            getattr(self._steps, name)[:] = getattr(stand.steps, name)
        self._skips, self._done, self._seconds_before = stand.skips, stand.step, stand.seconds

    def prepare(self) -> None:
        """Compile and capture every shape that will come; changes nothing that is trained."""
        if not self._prepares:
            return
        shapes = shapes_of(self._passes[self._done :])
        if self._graphed:
            self._capture(shapes)
            return
        for done, shape in enumerate(shapes, start=1):
            self._run_eagerly(*shape)
            self._progress.update("compile", done, len(shapes))

    def train(self) -> None:
        """All optimizer steps that are not done yet."""
        total = len(self._plan.steps)
        watch = Stopwatch(self._seconds_before)
        clock = StepClock(self._device, num_values=4)
        clock.start()
        for step in range(self._done, total):
            self._do_step(step)
            clock.mark(self._state.history[step])
            is_due = self._checkpoints is not None and self._checkpoints.is_due(step + 1, total)
            while clock.unread > (0 if is_due else LAG):
                self._take(step + 2 - clock.unread, clock)
            if is_due:
                self._checkpoints.write(
                    step + 1, self._state, self._steps, skips=self._skips, seconds=watch.seconds()
                )
                clock.start()
        while clock.unread:
            self._take(total + 1 - clock.unread, clock)

    def finish(self) -> None:
        """Give the adapters back to PEFT, and up the graphs with the memory that they hold."""
        self._adapters.release()
        self._run = self._run_eagerly

    def trained(self) -> Trained:
        """What the profile needs of this training. All inputs lie on the device, so nothing waits for them."""
        step = typical_step_of(self._samples, self._plan)

        def make_step() -> Callable[[], None]:
            if self._graphed:
                self._capture(shapes_of([self._passes[step]]))
            return lambda: self._repeat(step)

        return Trained(make_step=make_step, passes=len(self._passes[step]), input_seconds=lambda: 0.0)

    def _do_step(self, step: int) -> None:
        """All that the device does in a step."""
        import torch

        self._add_gradients(step)
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

    def _repeat(self, step: int) -> None:
        """Forward and backward of a step once more, changing nothing that is trained, random numbers included."""
        import torch

        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices, enabled=self._config.lora.dropout > 0):
            self._add_gradients(step)

    def _add_gradients(self, step: int) -> None:
        """Gradients and loss of a step over all ranks, into the flat tensor."""
        import torch

        for index, (pack, inputs, longest) in enumerate(self._passes[step]):
            if self._config.lora.dropout:
                torch.manual_seed(
                    micro_batch_seed(seed=self._config.seed, step=pack.step, number=pack.number)
                )
            self._run(inputs, index == 0, longest)
        if self._world.place.size > 1:
            torch.distributed.all_reduce(self._total)

    def _run_eagerly(self, inputs: Inputs, first: bool, longest: int) -> None:
        self._network.add_gradient(inputs, self._state.scale, self._total, first=first, longest=longest)

    def _capture(self, shapes: list[Shape]) -> None:
        longest = shapes[0].longest
        graphs = Graphs(lambda inputs, first: self._run_eagerly(inputs, first, longest), self._total)
        worst = graphs.capture_all(shapes, self._progress)
        if worst <= TOLERANCE:
            self._run = lambda inputs, first, _: graphs.replay(inputs, first=first)
            return
        found = f"gradients from a captured graph differ from the eager ones by {worst:.3g} of their norm"
        if self._config.fast.graphs == "on":
            raise RocmarkError("E_GRAPHS", f'fast.graphs: wanted "on", but {found}. Use "off".')
        self._graphed = False
        self._progress.note(f"graphs are off: {found}")

    def _take(self, number: int, clock: StepClock) -> None:
        """Step `number` (from 1) into the record, as soon as the device is through with it."""
        seconds, (loss, norm, skipped, scale) = clock.read()
        total = len(self._plan.steps)
        self._skips = self._skips + 1 if skipped else 0
        check_finite(number, total, loss, norm, skips=self._skips if self._scaled else 0, scale=scale)
        members = [self._samples[index] for part in self._plan.steps[number - 1] for index in part]
        steps = self._steps
        steps.seconds.append(seconds)
        steps.tokens.append(sum(len(sample.input_ids) for sample in members))
        steps.target_tokens.append(step_targets(self._samples, self._plan, number - 1))
        steps.loss.append(loss)
        steps.gradient_norm.append(norm if math.isfinite(norm) else 0.0)
        steps.skipped.append(bool(skipped))
        speed = round(steps.tokens[-1] / max(seconds, 1e-9))
        self._progress.update("train", number, total, loss=loss, tokens_per_second=speed)
