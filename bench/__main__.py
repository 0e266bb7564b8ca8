"""``python -m bench [intake|access|erasure] [--json]``."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import asdict

from bench.machine import machine
from bench.results import Result

NAMES = ("intake", "access", "erasure")


def main() -> int:
    """Run one measurement, or all; exit 1 when a goal does not hold."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    given = parser.parse_args()
    held = True
    for name in [given.name] if given.name else NAMES:
        results: list[Result] = importlib.import_module(f"bench.{name}").measure()
        held &= all(r.holds for r in results)
        out = sys.stderr if given.json else sys.stdout
        print(f"\n{name} on {machine()['cores']} cores", file=out)
        for r in results:
            print(r.line(), file=out)
        if given.json:
            body = {"bench": name, "machine": machine(), "results": [asdict(r) for r in results]}
            print(json.dumps(body))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
