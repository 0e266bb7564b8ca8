"""The figures of a report, worked out one request at a time, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from rights.domain.lifecycle import State
from rights.domain.representation import AgeBand, Role
from tests.services.reports.town import ANSWERS, Case

CHINA = ZoneInfo("Asia/Shanghai")
CALIFORNIA = ZoneInfo("America/Los_Angeles")
CHANNELS = ("api", "portal", "letter", "phone", "counter", "email")


class Count:
    """What a report should say of the days from *first* to before *after*."""

    def __init__(
        self,
        all_of: Iterable[Case],
        first: tuple[int, int, int],
        after: tuple[int, int, int],
        zone: ZoneInfo = CHINA,
    ) -> None:
        self.start = datetime(*first, tzinfo=zone).astimezone(UTC)
        self.end = datetime(*after, tzinfo=zone).astimezone(UTC)
        self.cases = [c for c in all_of if c.channel != "internal" and not c.follows]

    def within(self, at: datetime | None) -> bool:
        return at is not None and self.start <= at < self.end

    def open_after(self, case: Case) -> bool:
        return case.entered < self.end and (case.closed is None or case.closed >= self.end)

    def still_at_end(self, case: Case) -> bool:
        return any(
            began < self.end and (over is None or over >= self.end) for began, over in case.pauses
        )

    def counts(self, case: Case) -> bool:
        """Say whether its time does: it is proved who asks, or the law asks for no proof."""
        proved = case.verified is not None and case.verified < self.end
        return proved or "us_ca" in case.laws

    def age(self, case: Case) -> str:
        ended = case.closed is not None and case.closed < self.end
        return str(case.age) if ended else "unsettled"

    def asker(self, case: Case) -> str:
        minor = self.age(case) in (AgeBand.UNDER_14, AgeBand.FROM_14)
        return "minor" if case.role is Role.SELF and minor else str(case.role)

    def row(self, of: Callable[[Case], bool]) -> dict[str, Any]:
        """Return the figures of those cases."""
        cases = [c for c in self.cases if of(c)]
        ended = [c for c in cases if self.within(c.closed)]
        states = {
            str(state): sum(c.state is state and not c.merged for c in ended)
            for state in (*ANSWERS, State.REVOKED, State.EXPIRED)
        }
        before = [c for c in cases if c.entered < self.start]
        return {
            "open_before": sum(c.closed is None or c.closed >= self.start for c in before),
            "received": sum(self.within(c.entered) for c in cases),
            "accepted": sum(self.within(c.verified) for c in cases),
            **states,
            "merged": sum(bool(c.merged) for c in ended),
            "open_after": sum(self.open_after(c) for c in cases),
            **self._answers(cases),
            "unsent": sum(
                c.state in ANSWERS and not ((out := out_of(c)) and out < self.end) for c in ended
            ),
            "overdue": sum(
                self.open_after(c)
                and c.promised < self.end
                and self.counts(c)
                and not self.still_at_end(c)
                for c in cases
            ),
        }

    def _answers(self, cases: list[Case]) -> dict[str, Any]:
        outs = [(c, out_of(c)) for c in cases if c.state in ANSWERS and c.closed]
        sent = [(c, out) for c, out in outs if out is not None and self.within(out)]
        hours = sorted(
            math.ceil((int(out.timestamp()) - int(c.received.timestamp())) / 3600)
            for c, out in sent
        )
        on_time = sum(out <= c.promised for c, out in sent)
        return {
            "sent": len(sent),
            "on_time": on_time,
            "late": len(sent) - on_time,
            "on_time_percent": round(100 * on_time / len(sent), 1) if sent else None,
            "median_days": rank(hours, 50),
            "p95_days": rank(hours, 95),
            "max_days": rank(hours, 100),
        }


def out_of(case: Case) -> datetime | None:
    """Return when the answer was out."""
    sent = [at for _, at in case.letters if at is not None]
    if sent:
        return max(sent)
    if any(state in ("failed", "refused", "unaddressed", "waiting") for state, _ in case.letters):
        return None
    return case.closed


def rank(hours: list[int], percent: int) -> float | None:
    """Return the nearest rank in days, to a tenth."""
    if not hours:
        return None
    found = hours[math.ceil(len(hours) * percent / 100) - 1]
    return float((Decimal(found) / 24).quantize(Decimal("0.1"), ROUND_HALF_UP))
