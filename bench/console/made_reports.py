"""Reports that staff asked for on the console: the relay's work, done before anybody measures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from bench.console.months import Months
from bench.queue import Desk
from rights.domain import period as periods
from rights.domain.period import Period
from rights.services.reports import asking, awaited, figures, making
from rights.services.reports.asking import Asked
from rights.services.signing import Signer
from rights.store.db import transaction

_QUARTER: Final = timedelta(days=90)


def fill(here: Desk, months: Months, signer: Signer) -> Mapping[str, str]:
    """Ask for each and make it, and ask for one that nobody makes; return their ids."""
    zone = making.zone_of(here.context)
    last = months.now.astimezone(zone).date()
    year = periods.year(last.year, zone)
    asked = {
        "figures": _ask(here, months, Asked(year, report=figures.NAME)),
        "evidence": _ask(here, months, Asked(Period(last - _QUARTER, last, zone))),
    }
    awaited.make_due(here.engine, here.context, signer, lambda: months.now)
    public = Asked(year, report=figures.NAME, public=True)
    return {**asked, "waits": _ask(here, months, public)}


def _ask(here: Desk, months: Months, asked: Asked) -> str:
    with transaction(here.engine) as session:
        return asking.ask(session, asked, f"staff:{months.mine}", now=months.now).id
