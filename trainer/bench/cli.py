"""`python -m trainer.bench`: reads what was asked, measures, and prints one JSON line last on stdout.

Exit codes: 0 fine; 1 a run failed; 2 wrong use; 3 the loss of `fast` is not that of `trainer`. Torch is imported in child
processes only: this one holds no memory of the device.
"""

from __future__ import annotations

import dataclasses
import json
import signal
from pathlib import Path
from typing import Any

from ..cli import make_folder
from ..durable import write_text
from ..errors import RocmarkError, StopRequested
from ..stdout import say as say_error
from .benchmark import run_benchmark
from .machine import file_name
from .processes import say
from .request import read_request

LINE = ("bench", "machine", "figures", "raw")


def main(arguments: list[str] | None = None) -> int:
    """Measure and return the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        request = read_request(arguments)
        for folder in filter(None, (request.out, request.keep)):
            make_folder(folder)
        # Children run in that folder, by names relative to it.
        for result in run_benchmark(dataclasses.replace(request, out=request.out.resolve())):
            text = render_result(result)
            write_text(request.out / "result.json", text)
        say(f"kept in {request.out / 'result.json'}")
        if request.keep:
            keep(text, request.keep / file_name(result["bench"], result["machine"], result["date"]))
    except RocmarkError as error:
        say_error(error)
        return error.exit_code
    except StopRequested as stop:
        say(f"stopped by {stop.signal_name}")
        return 128 + signal.Signals[stop.signal_name].value
    print(json.dumps({key: result[key] for key in LINE}, allow_nan=False, separators=(",", ":")))
    return judge(result["raw"])


def judge(raw: dict[str, Any]) -> int:
    """The exit code that a result deserves."""
    for run in raw["runs"]:
        if run["problem"]:
            say(f"{run['name']}: {run['problem']}")
    if any(run["problem"] for run in raw["runs"]):
        return 1
    if raw["lossCurve"]["within"] is False:
        say(f"the loss of fast is not trainer's but for rounding: {json.dumps(raw['lossCurve']['curves'])}")
        return 3
    return 0


def render_result(result: dict[str, Any]) -> str:
    """JSON with a line for each figure and each record, so that two results can be compared by eye."""
    whole = {key: value for key, value in result.items() if key != "records"}
    text = json.dumps(whole, indent=2, allow_nan=False)
    records = ",\n".join(
        "    " + json.dumps(record, allow_nan=False, separators=(",", ":")) for record in result["records"]
    )
    return f'{text[:-2]},\n  "records": [\n{records}\n  ]\n}}\n'


def keep(text: str, path: Path) -> None:
    """Write the result, and say where."""
    write_text(path, text)
    say(f"kept in {path}")


def _stop(number: int, _: Any) -> None:
    raise StopRequested(signal.Signals(number).name)
