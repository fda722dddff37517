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


def run(body: str, *folders: Path) -> Any:
    """What the last line says, in a process that has left out the compiler; packages in `folders` are installed for it."""
    ended = subprocess.run(
        [sys.executable, "-c", BEGIN + body],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *folders)))},
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


def test_what_is_installed_for_other_work_is_not_imported(tmp_path: Path) -> None:
    """Transformers itself looks for PIL, which has to be there for it to look at torchvision."""
    for name in ("PIL", "torchvision", "scipy", "scikit_learn", "datasets"):
        package = tmp_path / ("sklearn" if name == "scikit_learn" else name)
        package.mkdir()
        text = "" if name == "PIL" else "raise RuntimeError(__name__ + ' was imported')"
        (package / "__init__.py").write_text(text)
        metadata = tmp_path / f"{name}-9.0.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.0.0\n")
        (metadata / "top_level.txt").write_text(f"{package.name}\n")
    (tmp_path / "PIL" / "Image.py").write_text("class Image: ...\nclass Resampling: ...\n")
    body = "from trainer.prepare import _import_models\n_import_models()\nprint(json.dumps('PIL.Image' in sys.modules))"
    assert run(body, tmp_path)
