"""A whole benchmark with processes that only say what they would: what the result holds, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from test_bench_figures import record_of

from trainer.bench import benchmark, machine, measure
from trainer.bench.cli import main
from trainer.bench.processes import Ended, parse_last, run_module
from trainer.errors import StopRequested

PROBE = {
    "python": "3.12.3", "system": "Linux", "processor": "Some CPU", "processors": 2, "memoryGiB": 24.0, "hip": None,
    "cuda": None, "accelerator": "cpu", "packages": {}, "devices": [], "checks": [{"device": "cpu", "ok": True}],
}  # fmt: skip
MADE = {"model": "model-tiny", "data": ["data-0", "data-1", "data-2"]}


class Stage:
    """Stands in for `run_module`: notes each call, and answers for the module."""

    def __init__(self, train: Callable[[dict[str, Any]], Any], log: Path) -> None:
        self.train = train
        self.log = log
        self.trained: list[tuple[str, dict[str, Any], dict[str, str]]] = []

    def __call__(self, words: list[str], *, cwd: Path, environment: Any = None, **_: Any) -> Ended:
        if words[:2] == ["trainer", "probe"]:
            answer: Any = PROBE
        elif words[0] == "trainer.bench.make":
            answer = MADE
        elif words[0] == "trainer.bench.overhead":
            answer = {"overhead": 0.001}
        else:
            config = json.loads((cwd / words[words.index("--config") + 1]).read_text())
            self.trained.append((words[0], config, environment))
            if config["recipe"] == "fast":
                cache = Path(environment["TRITON_CACHE_DIR"])
                cache.mkdir(parents=True, exist_ok=True)
                (cache / f"{len(self.trained)}").touch()
            answer = self.train(config)
        return Ended(
            exit_code=0 if answer else 1, seconds=9.0, last_line=json.loads(json.dumps(answer)), log=self.log
        )


def well(config: dict[str, Any]) -> dict[str, Any]:
    steps = config["training"]["maxSteps"] or 2
    record = record_of([0.1 if config["recipe"] == "fast" else 0.4] * steps)
    return record | {
        "outcome": "ok",
        "error": None,
        "adapter": {"path": "/somewhere/adapter"},
        "id": config["run"]["id"],
    }


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run the command line on such a stage: (exit code, the stage)."""

    def play(train: Callable[[dict[str, Any]], Any], *words: str) -> tuple[int, Stage]:
        log = tmp_path / "log"
        log.write_text("one\ntwo\n")
        actor = Stage(train, log)
        for module in (benchmark, machine, measure):
            monkeypatch.setattr(module, "run_module", actor)
        handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
        try:
            code = main(["--out", str(tmp_path / "out"), "--shape", "tiny", "--samples", "32", *words])
        finally:
            for number, handler in zip((signal.SIGTERM, signal.SIGINT), handlers, strict=True):
                signal.signal(number, handler)
        return code, actor

    return play


def test_the_last_line_has_the_four_keys_and_the_kept_result_all_records(
    stage: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, actor = stage(well, "--keep", str(tmp_path / "kept"))
    printed = capsys.readouterr().out
    assert code == 0
    assert printed.count("\n") == 1
    line = json.loads(printed)
    assert list(line) == ["bench", "machine", "figures", "raw"]
    assert line["bench"] == "trainer"
    assert line["figures"]["vsTrainer"] == pytest.approx(4)
    assert line["figures"]["ceilingShare"] is None
    assert {"ceilingShare", "memoryPredictionError", "liger"} == line["raw"]["reasons"].keys()
    assert line["raw"]["lossCurve"]["within"] is True
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.name.startswith("trainer-some-cpu-20")
    whole = json.loads(kept.read_text())
    assert {key: whole[key] for key in line} == line
    assert len(whole["records"]) == len(actor.trained) == 6
    # Nothing says where on this machine it was.
    assert str(tmp_path) not in kept.read_text()
    assert kept.read_text() == (tmp_path / "out" / "result.json").read_text()


def test_who_stops_it_keeps_what_was_measured(stage: Any, tmp_path: Path) -> None:
    seen = []

    def stopped(config: dict[str, Any]) -> dict[str, Any]:
        seen.append(config["run"]["id"])
        if len(seen) == 3:
            raise StopRequested("SIGTERM")
        return well(config)

    code, _ = stage(stopped, "--keep", str(tmp_path / "kept"))
    assert code == 128 + signal.SIGTERM
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert [record["id"] for record in result["records"]] == seen[:2]
    assert len(result["raw"]["outstanding"]) == 4
    # What is not whole does not go to those that are compared.
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_cold_run_finds_no_compiled_code_and_the_warm_one_finds_the_cold_ones(
    stage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        stage(well, "--repeats", "2")
        line = json.loads(capsys.readouterr().out)
        files = {run["name"]: run["cacheFilesBefore"] for run in line["raw"]["runs"] if run["arm"] == "fast"}
        assert files == {"fast-cold-0": 0, "fast-warm-0": 1, "fast-cold-1": 0, "fast-warm-1": 1}


def test_runs_of_a_repeat_train_on_the_same_order_of_samples(stage: Any) -> None:
    _, actor = stage(well, "--repeats", "2")
    for _, config, _ in actor.trained:
        if not config["run"]["id"].startswith("bench-curve"):
            assert config["data"]["name"] == f"data-{config['run']['repeat']}"


def test_a_run_that_fails_costs_its_own_figures_alone_and_the_exit_code(
    stage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def out_of_memory(config: dict[str, Any]) -> Any:
        if config["run"]["arm"] != "walkthrough":
            return well(config)
        error = {"code": "E_OUT_OF_MEMORY", "message": "no room"}
        return well(config) | {"outcome": "out-of-memory", "error": error, "steps": None, "adapter": None}

    code, _ = stage(out_of_memory)
    line = json.loads(capsys.readouterr().out)
    assert code == 1
    assert line["figures"]["vsWalkthrough"] is None
    assert line["raw"]["reasons"]["vsWalkthrough"] == "arm walkthrough: out-of-memory: no room"
    assert line["figures"]["vsTrainer"] == pytest.approx(4)


def test_a_process_that_leaves_no_record_is_shown_by_the_end_of_its_log(
    stage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = stage(lambda config: None if config["run"]["arm"] == "trainer" else well(config))
    line = json.loads(capsys.readouterr().out)
    assert code == 1
    assert line["raw"]["reasons"]["vsTrainer"].endswith("ended with exit code 1 and no record:\none\ntwo")
    assert line["raw"]["lossCurve"]["within"] is None


def test_a_loss_that_is_not_trainers_ends_with_3(stage: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def strange(config: dict[str, Any]) -> Any:
        record = well(config)
        if config["recipe"] == "fast":
            record["steps"]["loss"][0] = 2.1
        return record

    code, _ = stage(strange)
    found = capsys.readouterr()
    assert code == 3
    assert json.loads(found.out)["raw"]["lossCurve"]["within"] is False
    assert "the loss of fast is not trainer's but for rounding" in found.err


def test_only_the_arms_that_are_asked_for_run(stage: Any, capsys: pytest.CaptureFixture[str]) -> None:
    _, actor = stage(well, "--arms", "trainer")
    assert {config["run"]["arm"] for _, config, _ in actor.trained} == {"trainer"}
    line = json.loads(capsys.readouterr().out)
    assert line["raw"]["harness"] is None
    assert line["figures"]["vsTrainer"] is None


def test_wrong_use_prints_one_line_and_no_result(stage: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, actor = stage(well, "--arms", "quick")
    found = capsys.readouterr()
    assert (code, found.out, actor.trained) == (2, "", [])
    assert found.err.startswith("rocmark: E_BENCH: --arms: wanted some of")


def test_a_module_runs_with_the_trainer_in_reach_and_its_last_line_is_read(tmp_path: Path) -> None:
    (tmp_path / "says.py").write_text(
        "import trainer, sys; print('noise'); print('[1]'); print('x', file=sys.stderr)"
    )
    ended = run_module(["says"], cwd=tmp_path, log=tmp_path / "logs" / "log", label="")
    assert (ended.exit_code, ended.last_line, ended.log.read_text()) == (0, [1], "x\n")
    assert ended.seconds > 0


def test_output_without_a_document_on_its_last_line_is_none() -> None:
    assert [parse_last(text) for text in ("", "words\n", '{"a": 1}\n', "[]\nend")] == [
        None,
        None,
        {"a": 1},
        None,
    ]


def test_a_signal_ends_the_process_that_is_measured(tmp_path: Path) -> None:
    (tmp_path / "sleeps.py").write_text(
        "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(600)"
    )
    program = (
        "import signal; from pathlib import Path; from trainer.bench.cli import _stop\n"
        "from trainer.bench.processes import run_module\n"
        "signal.signal(signal.SIGINT, _stop)\n"
        "run_module(['sleeps'], cwd=Path('.'), log=Path('log'), label='')\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert parent.poll() is None
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    _, said = parent.communicate(timeout=60)
    assert StopRequested.__name__ in said
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
