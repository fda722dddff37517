"""What a fine-tune has to compute and to move at the least, from its shapes alone.

Counted are the matrix products of a frozen base: 2 FLOP a parameter and token forward, 2 for the gradient with respect to
the activations, none for the weights, which do not change. The head is counted for the tokens that carry loss. Left
out are attention (1.2 % at 200 tokens a sample and 2048 wide) and the adapter (under 1 %), which the base dwarfs, and
everything recomputed or padded: that is not useful.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The matrix products of a decoder."""

    body: tuple[tuple[int, int], ...]
    """(in, out) of every linear layer of the decoder's layers, the adapter's left out."""
    head: tuple[int, int]
    """(hidden, vocabulary)."""

    @property
    def num_body(self) -> int:
        """Parameters of the decoder layers' linear layers."""
        return sum(wide * tall for wide, tall in self.body)

    @property
    def num_head(self) -> int:
        """Parameters of the head, tied or not."""
        return self.head[0] * self.head[1]


def useful_flop(shape: Shape, *, tokens: float, target_tokens: float) -> float:
    """FLOP of one step's forward and backward: 4 (N_body tokens + N_head target tokens)."""
    return 4 * (shape.num_body * tokens + shape.num_head * target_tokens)


def least_bytes(
    shape: Shape, *, tokens: float, target_tokens: float, passes: float, bytes_a_value: int
) -> float:
    """Bytes that one step must move: each weight twice a pass, each product's input and output forward and backward.

    Norms, attention, the loss and every unfused elementwise operation move more: a bound from below, so that
    useful FLOP over these bytes bounds the arithmetic intensity from above.
    """
    weights = 2 * passes * (shape.num_body + shape.num_head)
    body = 2 * tokens * sum(wide + tall for wide, tall in shape.body)
    head = 2 * target_tokens * sum(shape.head)
    return bytes_a_value * (weights + body + head)
