"""Which network the settled modes ask for; each is imported only where it is used, as Triton is not everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .adapters import Adapters
from .architecture import Architecture
from .modes import Modes
from .network import Network

if TYPE_CHECKING:
    from .direct_network import DirectNetwork


def make_network(
    model: Any, architecture: Architecture, adapters: Adapters, modes: Modes, *, dropout: float, longest: int
) -> Network | DirectNetwork:
    """The network of a PEFT model whose adapters were taken over; no sequence exceeds `longest`."""
    if modes.direct:
        from .direct_network import DirectNetwork

        return DirectNetwork(model, architecture, adapters, recompute=modes.recompute, longest=longest)
    return Network(
        model,
        architecture,
        adapters,
        attention=modes.attention,
        dropout=dropout,
        compiled=modes.compiled,
        recompute=modes.recompute,
        longest=longest,
    )
