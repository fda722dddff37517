"""The arm `liger` is the trainer after Liger's own public call, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT


def test_ligers_kernels_are_put_in_place_before_the_trainer_begins(tmp_path: Path) -> None:
    package = tmp_path / "liger_kernel" / "transformers"
    package.mkdir(parents=True)
    (tmp_path / "liger_kernel" / "__init__.py").touch()
    (package / "__init__.py").write_text(
        "import json, sys\n"
        "def apply_liger_kernel_to_qwen3(**settings):\n"
        "    print('applied', json.dumps(settings), 'trainer.attempt' in sys.modules, file=sys.stderr)\n"
    )
    config = tmp_path / "config.json"
    config.write_text("{}")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "trainer.bench.liger",
            "train",
            "--config",
            str(config),
            "--out",
            str(tmp_path),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    applied, refused = done.stderr.splitlines()[:2]
    settings = {
        "rope": True,
        "rms_norm": True,
        "swiglu": True,
        "cross_entropy": False,
        "fused_linear_cross_entropy": False,
    }
    assert applied == f"applied {json.dumps(settings)} False"
    # The trainer's own refusal of an empty config: its command line was handed on.
    assert "the config is refused" in refused
    assert done.returncode == 2
