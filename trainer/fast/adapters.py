"""All adapters of a model in one flat fp32 tensor, and each group's frozen weight with its adapters' B beside it.

PEFT's own parameters become views of these tensors, so that what is trained here is what PEFT saves and evaluates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .architecture import GROUPS

ALIGNMENT = 8
"""Elements: rows of half-precision weights then begin at multiples of 16 bytes, as matrix kernels like them."""
STACKED = ("qkv", "o")
"""Groups whose weights lie layer after layer in one tensor, so that one copy serves all layers. Not those of the MLP, two thirds
of a model: for a moment the stack lies in memory beside what it is made from."""


@dataclass(kw_only=True, slots=True)
class Group:
    """Linear layers that read one input x [tokens, in], as one product y = [x, h] weight^T with h = scaling x A^T."""

    weight: Any
    """[out, in + ranks], frozen, in the run's precision: the members' weights on top of each other, and right of them
    the B of each adapted member, in its own rows and columns."""
    bias: Any
    """[out] or None."""
    a: Any = None
    """fp32 leaf [ranks, in], a view of the flat tensor; None without an adapter."""
    b: tuple[Any, ...] = ()
    """fp32 leaves [out of the member, rank]."""
    blocks: tuple[tuple[int, int, int, int], ...] = ()
    """Of each b in the product: first row, last row, first column, last column (of h)."""


@dataclass(kw_only=True, slots=True)
class Adapters:
    """Every adapter of the model."""

    flat: Any
    """fp32 [parameters]."""
    leaves: list[Any]
    """Views of `flat` in its order, each wanting a gradient."""
    layers: list[dict[str, Group]]
    scaling: float
    """alpha / rank."""
    owners: list[tuple[Any, Any]]
    """(PEFT's parameter, its view of `flat`)."""
    copies: list[tuple[Any, Any]] = field(default_factory=list)
    """(place in a weight, or in all layers' weights, and its values of B): copied after every optimizer step."""

    def write_back(self) -> None:
        """Put every B, rounded to the run's precision, beside its frozen weight."""
        import torch

        if self.copies:
            places, values = zip(*self.copies, strict=True)
            with torch.no_grad():
                torch._foreach_copy_(list(places), list(values))

    def release(self) -> None:
        """Give PEFT parameters of their own again, with the values that were trained."""
        for parameter, view in self.owners:
            parameter.data = view.detach().clone()


def take_over(model: Any, *, rank: int, scaling: float) -> Adapters:
    """Move the adapters and the adapted layers' weights of a PEFT model into flat tensors; the model goes on working."""
    import torch

    decoder = model.get_base_model().model
    device = next(model.parameters()).device
    sizes = [size for layer in decoder.layers for size in _leaf_sizes(layer, rank)]
    flat = torch.empty(sum(sizes), dtype=torch.float32, device=device)
    adapters = Adapters(flat=flat, leaves=[], layers=[], scaling=scaling, owners=[])
    position = 0
    stacks: dict[str, Any] = {}
    with torch.no_grad():
        for number, layer in enumerate(decoder.layers):
            groups: dict[str, Group] = {}
            for name, members in GROUPS.items():
                modules = [_find(layer, member) for member in members]
                if number == 0:
                    stacks[name] = (
                        _make_stack(modules, rank, len(decoder.layers)) if name in STACKED else None
                    )
                groups[name], position = _take_group(
                    modules, rank, adapters, position, number=number, stack=stacks[name]
                )
            adapters.layers.append(groups)
    adapters.write_back()
    return adapters


def _find(layer: Any, name: str) -> Any:
    parent = layer.mlp if name in ("gate_proj", "up_proj", "down_proj") else layer.self_attn
    return getattr(parent, name)


def _is_adapted(module: Any) -> bool:
    return hasattr(module, "lora_A") and "default" in module.lora_A


def _base(module: Any) -> Any:
    return module.base_layer if hasattr(module, "base_layer") else module


def _leaf_sizes(layer: Any, rank: int) -> Iterator[int]:
    for members in GROUPS.values():
        for member in members:
            module = _find(layer, member)
            if _is_adapted(module):
                yield rank * (_base(module).in_features + _base(module).out_features)


def _make_stack(modules: list[Any], rank: int, layers: int) -> Any:
    """Zeros for the weights of one group: [layers, out, in + ranks], the last dimension rounded up to ALIGNMENT."""
    import torch

    weights = [_base(module).weight for module in modules]
    columns = weights[0].shape[1] + rank * sum(_is_adapted(module) for module in modules)
    shape = (layers, sum(weight.shape[0] for weight in weights), -(-columns // ALIGNMENT) * ALIGNMENT)
    return torch.zeros(shape, dtype=weights[0].dtype, device=weights[0].device)


def _take_group(
    modules: list[Any], rank: int, adapters: Adapters, position: int, *, number: int, stack: Any
) -> tuple[Group, int]:
    """One group's weight and leaves in layer `number`, from `position` of the flat tensor on; and where the next begins.

    `stack` has room for the weights of all layers; without one the layer gets room of its own.
    """
    import torch

    bases = [_base(module) for module in modules]
    width = bases[0].in_features
    adapted = [index for index, module in enumerate(modules) if _is_adapted(module)]
    columns = rank * len(adapted)
    rows = [0]
    for base in bases:
        rows.append(rows[-1] + base.out_features)
    storage = _make_stack(modules, rank, 1)[0] if stack is None else stack[number]
    weight = storage[:, : width + columns]
    for base, start, end in zip(bases, rows, rows[1:], strict=False):
        weight[start:end, :width] = base.weight
        base.weight = torch.nn.Parameter(weight[start:end, :width], requires_grad=False)
    group = Group(weight=weight, bias=_join_biases(bases))
    if not adapted:
        return group, position
    length = columns * width
    group.a = _leaf(adapters, position, (columns, width))
    for part_number, index in enumerate(adapted):
        part = group.a.detach()[part_number * rank : (part_number + 1) * rank]
        _share(adapters, modules[index].lora_A["default"], part)
    position += length
    b, blocks = [], []
    for part_number, index in enumerate(adapted):
        start, end = rows[index], rows[index + 1]
        leaf = _leaf(adapters, position, (end - start, rank))
        _share(adapters, modules[index].lora_B["default"], leaf.detach())
        first = part_number * rank
        place = slice(start, end), slice(width + first, width + first + rank)
        if stack is None:
            adapters.copies.append((weight[place], leaf.detach()))
        elif number == 0:
            # All layers are alike, so the same B lies at the same distance from layer to layer.
            size = leaf.numel()
            everywhere = adapters.flat.view(stack.shape[0], -1)[:, position : position + size]
            adapters.copies.append((stack[(slice(None), *place)], everywhere.view(-1, *leaf.shape)))
        b.append(leaf)
        blocks.append((start, end, first, first + rank))
        position += (end - start) * rank
    group.b, group.blocks = tuple(b), tuple(blocks)
    return group, position


def _leaf(adapters: Adapters, position: int, shape: tuple[int, int]) -> Any:
    leaf = adapters.flat[position : position + shape[0] * shape[1]].view(shape).requires_grad_()
    adapters.leaves.append(leaf)
    return leaf


def _share(adapters: Adapters, linear: Any, view: Any) -> None:
    view.copy_(linear.weight)
    linear.weight.data = view
    adapters.owners.append((linear.weight, view))


def _join_biases(bases: list[Any]) -> Any:
    import torch

    if all(base.bias is None for base in bases):
        return None
    return torch.cat(
        [
            base.bias.detach() if base.bias is not None else base.weight.new_zeros(base.out_features)
            for base in bases
        ]
    )
