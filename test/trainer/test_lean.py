"""Imports without the compiler, each case in a process of its own: what was imported stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BEGIN = """
import json, sys
from trainer.lean import COMPILER, leave_out_compiler, without_spread_tensors
leave_out_compiler()
import torch
def is_real(): return hasattr(sys.modules[COMPILER], "__file__")
"""


def run(body: str) -> Any:
    """What the last line says, in a process that has left out the compiler."""
    ended = subprocess.run(
        [sys.executable, "-c", BEGIN + body],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_a_model_is_made_and_asked_without_the_compiler() -> None:
    assert not run("""
import torch
from trainer.imports import transformers
package = transformers()
with without_spread_tensors():
    from transformers.models.qwen3.modeling_qwen3 import Qwen3ForCausalLM
sizes = dict(vocab_size=32, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
             num_key_value_heads=1, head_dim=8)
with torch.device("meta"):
    Qwen3ForCausalLM(package.Qwen3Config(**sizes))
model = Qwen3ForCausalLM(package.Qwen3Config(**sizes))
mask = torch.tensor([[0, 1], [1, 1]])
model(input_ids=torch.tensor([[1, 2], [3, 4]]), attention_mask=mask).logits.sum().backward()
print(json.dumps(is_real()))
""")


@pytest.mark.parametrize(
    "use",
    [
        "import torch._dynamo.utils as u; assert u is sys.modules['torch._dynamo.utils'] is torch._dynamo.utils",
        "from torch._dynamo.utils import counters; import torch._dynamo; assert counters is torch._dynamo.utils.counters",
        "from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex as T\nwith T(): pass",
        "assert torch.compile(lambda x: x + 1, backend='eager')(torch.ones(1)).item() == 2",
    ],
)
def test_whoever_asks_for_more_gets_the_real_compiler(use: str) -> None:
    assert run(f"assert not is_real()\n{use}\nprint(json.dumps(is_real()))")


def test_a_compiler_that_is_there_already_stays() -> None:
    body = "import torch._dynamo\nreal = sys.modules[COMPILER]\nleave_out_compiler()\n"
    assert run(body + "torch._dynamo.reset()\nprint(json.dumps(sys.modules[COMPILER] is torch._dynamo))")


def test_tensors_that_are_spread_over_devices_are_found_by_who_looks_for_them() -> None:
    assert run("""
import torch.distributed
with without_spread_tensors(): pass
before = "torch.distributed.tensor" in sys.modules
print(json.dumps([before, torch.distributed.tensor.DTensor.__name__, hasattr(torch.distributed, "nonsense")]))
""") == [False, "DTensor", False]
