"""
What waits and what runs out of time, read from register and queue now and then for who watches.

A handful of queries at a pace of the relay's own: however often somebody scrapes, the register is
asked no more often. Without a listener nothing is asked at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlmodel import Session

from rights import metrics
from rights.domain.breaker import Circuit
from rights.domain.datamap import DataMap
from rights.domain.regime import Regime
from rights.services import acknowledging, backlog, clocks, targets, trail_checks, untold
from rights.services.backlog import DEAD, WAITING, Line
from rights.services.clocks import Tally
from rights.services.context import Context
from rights.store.db import reading
from workflows import relay

if TYPE_CHECKING:
    from rights.metrics.book import Reading

EVERY_S: Final = 15.0

_Readings = dict[str, "list[Reading]"]


def read(register: Engine, redis: Redis, context: Context, now: Callable[[], datetime]) -> None:
    """
    Read everything once.

    Raises:
        RedisError: the queues could not be read; the rest was.
    """
    at = now()
    with reading(register) as session:
        metrics.replace(of_register(session, context.datamap, context.regimes, at))
    try:
        lines = relay.waiting(redis)
    except RedisError:
        metrics.replace({name: [] for name in _of_lines("queue", {}, at)})
        raise
    metrics.replace(_of_lines("queue", lines, at))


def of_register(
    session: Session, datamap: DataMap, laws: Mapping[str, Regime], now: datetime
) -> _Readings:
    """Return what the register says; *laws* are those that the regime files describe."""
    lookups, notices = backlog.lookups(session, now), backlog.notices(session)
    deliveries = backlog.deliveries(session)
    signed, unsigned = backlog.checkpoint(session)
    tallies = clocks.tallied(session, laws, now)
    return {
        **_of_requests(tallies, now),
        "rights_requests_law_unknown": _law_unknown(tallies, laws),
        **_of_promises(session, now),
        **_of_lines("outbox", backlog.outbox(session, now), now),
        **_of_stores(datamap, backlog.circuits(session), backlog.health(session)),
        **_plain("rights_lookups", lookups, now),
        **_plain("rights_notices", notices, now),
        "rights_deliveries": [
            ({"state": state}, deliveries.get(state, Line()).count) for state in (WAITING, DEAD)
        ],
        "rights_deliveries_oldest_seconds": [({}, deliveries.get(WAITING, Line()).age(now))],
        "rights_audit_checkpoint_age_seconds": [({}, Line(1, signed).age(now))] if signed else [],
        "rights_audit_unsigned_seconds": [({}, Line(1, unsigned).age(now))],
        **_of_the_trail(session, now),
    }


def _of_the_trail(session: Session, now: datetime) -> _Readings:
    held = trail_checks.held_since(session)
    last = trail_checks.last_of(session, trail_checks.HELD, trail_checks.BROKEN)
    return {
        "rights_audit_held_age_seconds": [({}, Line(1, held).age(now))] if held else [],
        "rights_audit_problems": [({}, last.problems)] if last else [],
    }


def _of_promises(session: Session, now: datetime) -> _Readings:
    """Return what people were not told or given in time, beside the answer itself."""
    late = acknowledging.counted(session, now)
    return {
        "rights_acknowledgements_late": [({"about": name}, n) for name, n in late.items()],
        "rights_answers_untold": [({}, untold.count(session))],
        "rights_targets_missed": [({}, targets.count_missed(session, now))],
    }


def _plain(name: str, line: Line, now: datetime) -> _Readings:
    return {f"{name}_waiting": [({}, line.count)], f"{name}_oldest_seconds": [({}, line.age(now))]}


def _of_lines(name: str, lines: Mapping[str, Line], now: datetime) -> _Readings:
    each = [({"queue": queue}, lines.get(queue, Line())) for queue in relay.QUEUES]
    return {
        f"rights_{name}_waiting": [(labels, line.count) for labels, line in each],
        f"rights_{name}_oldest_seconds": [(labels, line.age(now)) for labels, line in each],
    }


def _of_requests(tallies: Iterable[Tally], now: datetime) -> _Readings:
    opened: dict[tuple[str, str, str], int] = defaultdict(int)
    soon: dict[tuple[str, str], int] = defaultdict(int)
    late: dict[tuple[str, str], int] = defaultdict(int)
    oldest: dict[tuple[str, str], float] = defaultdict(float)
    for one in tallies:
        key, stands = (one.kind, one.regimes), one.state
        if not one.closed:
            opened[*key, stands] += one.count
        soon[key] += one.soon
        late[key] += one.late
        oldest[key] = max(oldest[key], Line(one.late, one.latest).age(now))
    by: dict[str, Mapping[tuple[str, str], float]] = {
        "due_soon": soon,
        "late": late,
        "oldest_late_seconds": oldest,
    }
    return {
        "rights_requests_open": [
            ({"kind": kind, "regime": regime, "state": state}, count)
            for (kind, regime, state), count in opened.items()
        ],
        **{
            f"rights_requests_{name}": [
                ({"kind": kind, "regime": regime}, value)
                for (kind, regime), value in values.items()
            ]
            for name, values in by.items()
        },
    }


def _law_unknown(tallies: Iterable[Tally], known: Container[str]) -> list[Reading]:
    """Return how many open requests have a law that no file describes: nothing counts for them."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for one in tallies:
        laws = filter(None, one.regimes.split("+"))
        if not one.closed and any(law not in known for law in laws):
            found[one.kind, one.regimes] += one.count
    return [({"kind": kind, "regime": law}, count) for (kind, law), count in found.items()]


def _of_stores(
    datamap: DataMap, circuits: Mapping[str, str], health: Mapping[str, bool]
) -> _Readings:
    stores = [({"store": one.name, "connector": one.connector}, one.name) for one in datamap]
    return {
        "rights_store_circuit": [
            ({**labels, "state": circuits.get(name, str(Circuit.CLOSED))}, 1)
            for labels, name in stores
        ],
        "rights_store_healthy": [
            (labels, float(health[name])) for labels, name in stores if name in health
        ],
    }
