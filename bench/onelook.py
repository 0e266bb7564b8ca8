"""
One look over every clock, in a process that loads what it needs and nothing of the bench.

With ``relay`` it loads first whatever a relay does: what one that looks becomes.
"""

from __future__ import annotations

import importlib
import sys
from datetime import datetime

from bench.peak import peak_mb
from rights.settings import load
from rights.store.db import open_engine
from workflows import clock_watch
from workflows.building import context_for


def look(moment: datetime, *, relay: bool) -> float:
    """Look once at *moment*; return the peak of this process in MB."""
    if relay:
        importlib.import_module("workflows.relaying")
    settings = load()
    clock_watch.watch(open_engine(settings.database_url), context_for(settings), lambda: moment)
    return peak_mb()


if __name__ == "__main__":
    print(look(datetime.fromisoformat(sys.argv[1]), relay="relay" in sys.argv[2:]))
