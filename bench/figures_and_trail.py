"""
What is measured in a process of its own: counting the figures, and checking the trail.

Beside the folder of its measurement, whose imports weigh more than what is measured.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

from bench.peak import peak_mb
from rights.services import checkpoints, regimes
from rights.services.console import figures
from rights.services.signing import Signer
from rights.settings import load
from rights.store.db import open_engine


def main(what: str) -> None:
    """Do it once; print the seconds, how much it was, and the peak in MB."""
    settings = load()
    engine = open_engine(settings.database_url)
    laws = regimes.load()
    begun, count = time.perf_counter(), 1
    if what == "figures":
        figures.renew(engine, lambda: datetime.now(UTC), timedelta(), UTC, laws)
    else:
        report = checkpoints.verify(engine, Signer(settings.signing_key.get_secret_value()))
        if not report.ok:
            raise RuntimeError(report.problems[0])
        count = report.entries
    print(time.perf_counter() - begun, count, peak_mb())


if __name__ == "__main__":
    main(sys.argv[1])
