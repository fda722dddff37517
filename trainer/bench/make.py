"""Makes what a benchmark trains on, once for each folder: `python -m trainer.bench.make --out DIR ...` prints where it is.

A process of its own, so that nothing of it is on the device when a run is measured.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..data import BUNDLED as BUNDLED_DATA
from ..durable import install_folder
from ..model import BUNDLED as BUNDLED_MODEL
from ..order import num_steps, plan_order
from .questions import make_rows, whole_words
from .rows import reorder
from .shapes import SHAPES, Shape

MADE = "made.json"


def make(
    out: Path, *, shape_name: str, samples: int, variants: int, seed: int, dtype: str, device: Any
) -> dict[str, Any]:
    """Model and data as `{"model": NAME, "data": [NAME, ...]}`, an entry a variant; names are relative to `out`."""
    shape = SHAPES[shape_name]
    model = "bundled"
    if shape.sizes is not None:
        model = f"model-{shape_name}"
        made = {
            "shape": shape_name,
            "sizes": repr(shape.sizes),
            "dtype": dtype,
            "device": str(device),
            "seed": seed,
        }
        once(out / model, made, lambda folder: _make_model(folder, shape, dtype, device, seed))
    data = ["bundled"] if shape.lengths is None else []
    for variant in range(len(data), variants):
        name = f"data-{shape_name}-{variant}"
        made = {"shape": shape_name, "samples": samples, "variant": variant, "seed": seed}
        made["lengths"] = repr(shape.lengths)
        once(
            out / name,
            made,
            lambda folder, variant=variant: _make_data(folder, shape, samples, variant, seed),
        )
        data.append(name)
    return {"model": model, "data": data}


def once(folder: Path, made: dict[str, Any], fill: Callable[[Path], None]) -> None:
    """Fill a folder, whole or not at all; one that was made of the same is left as it is."""
    try:
        if json.loads((folder / MADE).read_text(encoding="utf-8")) == made:
            return
    except (OSError, ValueError):
        pass  # There is none yet, or one that another version left.

    def fill_and_sign(place: Path) -> None:
        fill(place)
        (place / MADE).write_text(json.dumps(made) + "\n", encoding="utf-8")

    install_folder(folder, fill_and_sign)


def _make_model(folder: Path, shape: Shape, dtype: str, device: Any, seed: int) -> None:
    from .weights import make_model

    if shape.sizes is not None:
        make_model(folder, shape.sizes, dtype=dtype, device=device, seed=seed)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(BUNDLED_MODEL / name, folder / name)


def _make_data(folder: Path, shape: Shape, samples: int, variant: int, seed: int) -> None:
    if shape.lengths is None:
        shutil.copyfile(BUNDLED_DATA / "validation.jsonl", folder / "validation.jsonl")
        lines = (BUNDLED_DATA / "train.jsonl").read_text(encoding="utf-8").splitlines()[:samples]
        rows = [json.loads(line) for line in lines]
    else:
        from ..imports import transformers
        from ..samples import Encoder

        tokenizer = transformers().AutoTokenizer.from_pretrained(str(BUNDLED_MODEL))
        words = whole_words(list(tokenizer.get_vocab()))
        rows = make_rows(Encoder(tokenizer), shape.lengths.draw(samples, seed), words, seed)
    batch, epochs = shape.training["effectiveBatch"], shape.training["epochs"]
    plan = plan_order(
        num_samples=len(rows),
        effective_batch=batch,
        micro_batch=shape.training["microBatch"],
        ranks=1,
        steps=num_steps(num_samples=len(rows), effective_batch=batch, epochs=epochs, max_steps=None),
        seed=seed,
    )
    order = reorder(len(rows), plan, variant=variant, seed=seed)
    text = "".join(json.dumps(rows[index]) + "\n" for index in order)
    (folder / "train.jsonl").write_text(text, encoding="utf-8")


def main() -> None:
    """Make it and print where it is, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m trainer.bench.make")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shape", choices=SHAPES, required=True)
    parser.add_argument("--dtype", choices=["float16", "float32"], required=True)
    parser.add_argument("--device", choices=["cpu", "cuda"], required=True)
    for name in ("--samples", "--variants", "--seed"):
        parser.add_argument(name, type=int, required=True)
    options = parser.parse_args()
    import torch

    found = make(
        options.out,
        shape_name=options.shape,
        samples=options.samples,
        variants=options.variants,
        seed=options.seed,
        dtype=options.dtype,
        device=torch.device(options.device),
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
