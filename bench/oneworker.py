"""Work on one request to its end as a worker does, and say how large the process became."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

from sqlalchemy import Engine

from bench.peak import peak_mb
from rights.settings import load
from rights.store.db import reading
from rights.store.models import Request
from workflows.building import floor_for, parts_for
from workflows.jobs import work_on


def main() -> None:
    """Take the request's id; settings and secrets are in the environment."""
    floor = replace(floor_for(parts_for(load()), worker="bench"), waited_for=lambda: False)
    before = peak_mb()
    while _open(floor.register, sys.argv[1]):
        work_on(floor, sys.argv[1])
    floor.leases.stop()
    print(json.dumps({"rss_mb": round(peak_mb(), 1), "before_mb": round(before, 1)}))


def _open(register: Engine, request_id: str) -> bool:
    with reading(register) as session:
        return session.get_one(Request, request_id).closed_at is None


if __name__ == "__main__":
    main()
