"""
``python -m bench [intake|access|erasure|outlook|portal|console|clocks|faults] [--json]``

Faults go on for ``--minutes N``, as ``--seed S`` settles.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import asdict

from bench.machine import machine
from bench.results import Result

NAMES = ("intake", "access", "erasure", "outlook", "portal", "console", "clocks", "faults")


def main() -> int:
    """Run one measurement, or all; exit 1 when a goal does not hold."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long faults go on")
    parser.add_argument("--seed", type=int, default=1, help="which faults, and who asks for what")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="size of erasure and console; goals are for 1"
    )
    given = parser.parse_args()
    more = {
        "faults": {"minutes": given.minutes, "seed": given.seed},
        "erasure": {"scale": given.scale},
        "console": {"scale": given.scale},
    }
    held = True
    for name in [given.name] if given.name else NAMES:
        results: list[Result] = importlib.import_module(f"bench.{name}").measure(
            **more.get(name, {})
        )
        held &= all(r.holds for r in results)
        out = sys.stderr if given.json else sys.stdout
        print(f"\n{name} on {machine()['cores']} cores", file=out)
        for r in results:
            print(r.line(), file=out)
        if given.json:
            body = {"bench": name, "machine": machine(), "results": [asdict(r) for r in results]}
            body |= more.get(name, {})
            print(json.dumps(body))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
