"""
``python -m workflows.demo.assertion --state DIR --user 1004 --email …``: vouch as the shop would.

Prints a signed assertion about one signed-in person, for the body of a call.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from rights.domain.levels import Acr
from workflows.demo.house.backend import known


def main() -> int:
    """Print one assertion."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the folder of the demo")
    parser.add_argument("--user", required=True, help="an account number, from 1001 on")
    parser.add_argument("--email", help="the address the shop knows, where a code can go")
    parser.add_argument("--acr", type=Acr, choices=tuple(Acr), default=Acr.SESSION)
    given = parser.parse_args()
    try:
        backend = known(given.state)
    except FileNotFoundError:
        print("no demo runs there: give the folder it named at its start", file=sys.stderr)
        return 2
    subject = {"user_id": given.user} | ({"email": given.email} if given.email else {})
    print(backend.assertion(subject, given.acr, now=datetime.now(UTC)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
