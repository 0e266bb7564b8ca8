"""What an erasure does to each file, and what it came to."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.parts.deadlines import on_time
from connectors.parts.digest import RowDigest
from connectors.parts.fates import KEPT, Fate, Outcome, fate
from connectors.parts.foresight import Foresight
from connectors.parts.standing import Standings
from connectors.s3_objects.bucket import Bucket, Stored, Version
from connectors.s3_objects.files import Row
from connectors.sdk import Collection, Foreseen, Misconfigured, Receipt, Work

_BATCH = 1000
_SHARED = "somebody else owns the file too"


class Eraser:
    """Deletes what is due in batches, and counts."""

    def __init__(self, bucket: Bucket, collection: Collection, work: Work) -> None:
        self._bucket = bucket
        self._collection = collection
        self._work = work
        self._digest = RowDigest(work.step_id)
        self._retained = 0
        self._because: dict[str, None] = {}
        self._batch: list[Version] = []

    def go_through(self, files: Iterable[tuple[Stored, Row, Standings]]) -> bool:
        """Delete what has to go; return whether there was anything."""
        self._retained = 0  # what is kept is met in every pass and counted in the last
        changed = False
        for stored, row, standings in files:
            because = kept(stored, row, standings, self._collection, self._work)
            if because is None:
                changed = True
                self._delete(stored)
            elif because:
                self._retained += 1
                self._because[because] = None
        self._flush()
        return changed

    def receipt(self) -> Receipt:
        """Return what all passes came to."""
        return Receipt(
            affected=self._digest.count,
            retained=self._retained,
            because="; ".join(self._because),
            at_least=self._work.fence > 1,
            digest=self._digest.hex(),
        )

    def _delete(self, stored: Stored) -> None:
        if stored.newest is not None:  # a key of which only delete markers are left is no file
            self._digest.add((stored.key,))
        self._batch += stored.versions
        if len(self._batch) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._batch:
            on_time(self._work)
            self._bucket.delete(self._batch)
            self._batch = []


def kept(
    stored: Stored, row: Row, standings: Standings, collection: Collection, work: Work
) -> str | None:
    """
    Return None when the file has to go, why it is kept, or empty when it is not theirs to erase.

    A file cannot lose a column: anonymised means deleted, and one that is shared stays whole.

    Raises:
        Misconfigured: the data map would have a held file lose a part of itself.
    """
    if stored.newest is None:
        return None if standings.own(row) else ""
    due = fate(row, standings, collection, work)
    if due.outcome in {Outcome.DELETE, Outcome.ANONYMISE}:
        return None
    if due.outcome is Outcome.HOLD and due.columns:
        raise Misconfigured(
            f"{collection.path}: a file is held whole; leave out keep_fields and the erasure of "
            "single fields"
        )
    return _SHARED if due.outcome is Outcome.CUT else due.because


def foreseen(
    files: Iterable[tuple[Stored, Row, Standings]],
    collection: Collection,
    work: Work,
    *,
    erasing: bool,
) -> Foreseen:
    """Add up what an erasure would do to *files*, and the bytes of all their versions."""
    out = Foresight(collection, "s3_objects")
    for stored, row, standings in files:
        if stored.newest is None or standings.of(row) is None:
            continue
        out.weigh(stored.bytes)
        because = kept(stored, row, standings, collection, work) if erasing else ""
        if because is None:
            out.add(row, Fate(Outcome.DELETE))
        elif because:
            out.add(row, Fate(Outcome.HOLD, because=KEPT if because == _SHARED else because))
    return out.foreseen()
