"""``python -m workflows.demo [--smoke] [--json]``: bring the demo company up."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from workflows.demo.house import FILLED
from workflows.demo.house.processes import OwnProcess
from workflows.demo.house.terminal import BEGINNING, WHOLE, Terminal

_LOOK_S = 0.5


def main() -> int:
    """Run the demo until Ctrl-C, or every kind of request once."""
    given = _arguments()
    signal.signal(signal.SIGTERM, _end)
    terminal = Terminal(lines=BEGINNING if given.smoke else WHOLE)
    terminal.say("starting")
    # Loaded only now, so that the first line is there at once.
    from workflows.demo.house.building import building

    report: dict[str, object] = {}
    try:
        with building(
            terminal, state=given.state, port=given.port, website=not given.smoke
        ) as house:
            if given.smoke:
                from workflows.demo.smoke.scenario import run

                report = run(house)
            else:
                from workflows.demo.guide import guide
                from workflows.demo.office.opening import opened

                with opened(house) as staff:
                    report = guide(house, staff)
                    _stay(terminal, house.roles.died)
    except KeyboardInterrupt:
        pass  # the house is down by now: asked for with Ctrl-C
    if given.json and report:
        print(json.dumps(report, ensure_ascii=False))
    return 0 if report.get("ok") else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run demo", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="every kind once, then stop")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--state", type=Path, help="keep everything in this folder")
    parser.add_argument("--port", type=int, default=0, help="of the web; any free one if 0")
    given = parser.parse_args()
    if given.smoke and given.state and (given.state / FILLED).exists():
        parser.error(f"--smoke needs a fresh company: {given.state} was used before")
    return given


def _stay(terminal: Terminal, died: Callable[[], OwnProcess | None]) -> None:
    """Wait for Ctrl-C; say so and go when a process of ours ended by itself."""
    while (gone := died()) is None:
        time.sleep(_LOOK_S)
    terminal.say(f"{gone.name} ended by itself:\n{gone.tail()}")


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
