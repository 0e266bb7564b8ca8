"""
The newest checkpoint of each day, kept where nobody can write to it again.

Somebody who can write the register, and holds the signing key, can write another history; what was
kept of the true one says so. Which days lack is found by looking at the place each time, so what
failed is tried again by itself.

Source: PIPL 51, 54, 69 (burden of proof); NDSR 9.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final

import orjson
from sqlalchemy import Engine, Integer, cast, func, select
from sqlmodel import Session, col

from rights.domain.errors import ConfigError, Unavailable
from rights.services.checkpoint_format import checkpoint_text
from rights.services.signing import Signer
from rights.services.trail import Report
from rights.settings import Settings
from rights.store.db import reading
from rights.store.locked_bucket import MOST_BYTES, Kept, LockedBucket, Version, open_locked
from rights.store.models import Checkpoint
from rights.store.moments import at, whole

FORM: Final = "rights-kept-checkpoint/1"
AT_ONCE: Final = 100
"""Days that are made up for in one run."""

_DAY: Final = timedelta(days=1)
_BEGUN: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NAME: Final = re.compile(r"(\d{4}-\d\d-\d\d)/([0-9a-f]{64})\.json")
_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Copy:
    """What is kept of one day: the text, and under which name; the name says what the text is."""

    day: date
    number: int
    text: bytes

    @property
    def name(self) -> str:
        """Its day, and the hash of its text."""
        return f"{self.day}/{hashlib.sha256(self.text).hexdigest()}.json"


def open_place(settings: Settings) -> LockedBucket | None:
    """Return where checkpoints are kept; None where that is nowhere. Raises ConfigError."""
    if not settings.checkpoints_url:
        return None
    return open_locked(
        settings.checkpoints_url,
        access_key=settings.checkpoints_access_key,
        secret_key=settings.checkpoints_secret_key.get_secret_value(),
        region=settings.checkpoints_region,
        mode=settings.checkpoints_lock,
    )


class Keeper:
    """
    Keeps what lacks, run by run, and says for how long the oldest day has lacked.

    Args:
        days: For how long nobody can remove what is kept; older days are asked for no more.
    """

    def __init__(
        self, register: Engine, place: LockedBucket, days: int, now: Callable[[], datetime]
    ) -> None:
        self._register, self._place, self._now = register, place, now
        self._time = timedelta(days=days)
        self._whole_until: datetime | None = None
        self._begun = now()

    def run(self) -> int:
        """
        Put what lacks, read each back and compare; return how many were put.

        Raises:
            ConfigError: the place refuses us, or locks nothing.
            Unavailable: it does not answer, or gave back something else.
        """
        now = self._now()
        with reading(self._register) as session:
            wanted = copies(session, now - self._time, now)
        if self._whole_until is None and wanted:  # until the place has answered, none is there
            self._begun = _end(wanted[-1].day)
        there = {one.name for one in self._place.versions() if one.newest and not one.hides}
        lacking = [copy for copy in wanted if copy.name not in there]
        self._whole_until = _end(lacking[-1].day) if lacking else now
        for copy in lacking[:AT_ONCE]:
            self._keep(copy, now)
        if len(lacking) <= AT_ONCE:
            self._whole_until = now
        return min(len(lacking), AT_ONCE)

    def unkept_s(self) -> float:
        """Return for how long the oldest day has lacked, or nobody could say that none does."""
        return max(0.0, (self._now() - (self._whole_until or self._begun)).total_seconds())

    def _keep(self, copy: Copy, now: datetime) -> None:
        self._place.put(copy.name, copy.text, until=now + self._time)
        kept = self._place.read(copy.name)
        if kept.body != copy.text:
            raise Unavailable("the place of checkpoints gave back something else than was put")
        if not _locked(kept, now):
            raise ConfigError("the bucket of RIGHTS_CHECKPOINTS_URL took an object without locking")


def copies(session: Session, since: datetime, now: datetime) -> list[Copy]:
    """Return the last checkpoint of each UTC day that is over, the newest day first."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    day = whole(session, col(Checkpoint.at), at(_BEGUN), unit_s=_DAY.total_seconds())
    within = col(Checkpoint.at) >= since, col(Checkpoint.at) < today
    last: Any = select(func.max(col(Checkpoint.id))).where(*within).group_by(cast(day, Integer))
    query = select(Checkpoint).where(col(Checkpoint.id).in_(last)).order_by(col(Checkpoint.at))
    return [_copy(one) for (one,) in reversed(session.execute(query).all())]


def found(place: LockedBucket) -> Iterator[tuple[Version, Kept | None]]:
    """Yield all that lies in the place: a delete marker, and what is not ours, without anything."""
    for version in place.versions():
        ours = not version.hides and _NAME.fullmatch(version.name)
        yield version, place.read(version.name, version.number) if ours else None


def compare(
    engine: Engine, place: LockedBucket, signer: Signer, report: Report, *, days: int, now: datetime
) -> None:
    """
    Add to *report* what the register and the place say differently, each checkpoint by number.

    Missing, differing or additional; one of a day that ended less than a day ago may lack.

    Args:
        days: For how long what is kept stays: of older days none is missed.
    """
    # Before the register is read: it never waits for the place.
    lying = list(islice(found(place), _MOST + 1))
    if len(lying) > _MOST:
        report.complain(f"more than {_MOST} versions lie there: not all of them were compared")
    with reading(engine) as session:
        names = set()
        for version, kept in lying:
            if problem := _problem(session, signer, version, kept):
                report.complain(f"kept {version.name}: {problem}")
            else:
                names.add(version.name)
        since = now - timedelta(days=days)
        for copy in copies(session, since, now - _DAY):
            if copy.name not in names:
                report.complain(f"checkpoint {copy.number}: the one of {copy.day} is not kept")


def _problem(session: Session, signer: Signer, version: Version, kept: Kept | None) -> str:
    """Return what is wrong with one version of one object; empty where nothing is."""
    if version.hides:
        return "somebody hid it with a delete marker"
    form = _NAME.fullmatch(version.name)
    if form is None or kept is None:
        return "is no checkpoint of ours"
    if len(kept.body) > MOST_BYTES or hashlib.sha256(kept.body).hexdigest() != form[2]:
        return "is not what its name says"
    if kept.until is None:
        return "is not locked: anybody who may delete there can remove it"
    return _against(session, signer, kept.body)


def _against(session: Session, signer: Signer, body: bytes) -> str:
    """Return how the register differs from what was kept; empty where it does not."""
    try:
        number = int(orjson.loads(body)["id"])
    except (ValueError, KeyError, TypeError):
        return "is no checkpoint of ours"
    row = session.get(Checkpoint, number)
    if row is None:
        return f"checkpoint {number} is not in the register, it was removed from there"
    if _copy(row).text != body:
        return f"checkpoint {number} of the register is another one, it was written anew"
    if not signer.verify(checkpoint_text(row), row.signature, key_id=row.key_id):
        return "its signature does not hold"
    return ""


def _copy(one: Checkpoint) -> Copy:
    said = {
        "format": FORM,
        "id": one.id,
        "at": one.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "previous": one.previous,
        "root": one.root,
        "chains": one.chains,
        "last_entry_id": one.last_entry_id,
        "settled_entry_id": one.settled_entry_id,
        "snapshot": one.snapshot,
        "key_id": one.key_id,
        "signature": one.signature,
    }
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return Copy(one.at.astimezone(UTC).date(), one.id or 0, text)


def _locked(kept: Kept, now: datetime) -> bool:
    return kept.until is not None and kept.until > now and bool(kept.mode)


def _end(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + _DAY
