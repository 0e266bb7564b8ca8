"""What an erasure does to each row of a page, and what it came to."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.http_backend.asking import Row, key_of
from connectors.http_backend.effects import Effects
from connectors.parts.digest import RowDigest
from connectors.parts.fates import Fate, Outcome, fate
from connectors.parts.foresight import Foresight, weight
from connectors.parts.standing import Standings
from connectors.sdk import Foreseen, Found, Receipt, Target, Verb, Work

_Doomed = list[tuple[Row, Fate]]


class Eraser:
    """Applies fates page by page; rows that are as they should be are not sent again."""

    def __init__(self, effects: Effects, target: Target, work: Work) -> None:
        self._effects = effects
        self._collection = target.collection
        self._work = work
        self._digest = RowDigest(work.step_id)
        self._done = dict.fromkeys(Outcome, 0)
        self._because: dict[str, None] = {}

    def apply(self, page: Iterable[Row], standings: Standings) -> None:
        """Do to every row of *page* what is due to it."""
        fates = [(row, fate(row, standings, self._collection, self._work)) for row in page]
        self._remove([row for row, due in fates if due.outcome is Outcome.DELETE])
        self._empty([(row, due) for row, due in fates if is_full(row, due)])
        self._hold([(row, due) for row, due in fates if due.outcome is Outcome.HOLD])

    def receipt(self) -> Receipt:
        """Return what all pages came to."""
        return Receipt(
            affected=self._done[Outcome.DELETE] + self._done[Outcome.ANONYMISE],
            decorrelated=self._done[Outcome.CUT],
            retained=self._done[Outcome.HOLD],
            because="; ".join(self._because),
            at_least=self._work.fence > 1,
            digest=self._digest.hex(),
        )

    def _remove(self, rows: list[Row]) -> None:
        for row in rows:
            self._digest.add(row[column] for column in key_of(self._collection))
        self._done[Outcome.DELETE] += self._effects.named(Verb.ERASE, rows).affected

    def _empty(self, doomed: _Doomed) -> None:
        """Empty the same columns of all rows that lose the same ones, in one call each."""
        groups: dict[tuple[Outcome, tuple[str, ...]], list[Row]] = {}
        for row, due in doomed:
            groups.setdefault((due.outcome, due.columns), []).append(row)
        for (outcome, columns), rows in groups.items():
            done = self._effects.named(Verb.ERASE, rows, columns=list(columns)).affected
            if outcome is not Outcome.HOLD:  # held rows count as retained, whatever they lose
                self._done[outcome] += done

    def _hold(self, kept: _Doomed) -> None:
        rule = self._collection.restriction
        for _, due in kept:
            self._because[due.because] = None
        self._done[Outcome.HOLD] += len(kept)
        if rule and rule.strategy == "flag":
            loose = [row for row, due in kept if due.own and row[rule.column] != rule.value]
            self._effects.named(Verb.RESTRICT, loose, set={rule.column: rule.value})


def is_full(row: Row, due: Fate) -> bool:
    """Return whether a column that has to be empty is not."""
    return any(row[name] is not None for name in due.columns)


def still_there(rows: Iterable[Row], standings: Standings, target: Target, work: Work) -> Found:
    """Count the rows an erasure should have removed or emptied, and beside them those held."""
    wrong = held = 0
    for row in rows:
        due = fate(row, standings, target.collection, work)
        left = due.outcome is Outcome.DELETE or is_full(row, due)
        wrong += left
        held += not left and due.outcome is Outcome.HOLD
    return Found(wrong, restricted=held)


def foreseen(
    rows: Iterable[Row], standings: Standings, target: Target, work: Work, *, erasing: bool
) -> Foreseen:
    """Add up what an erasure would do to *rows*."""
    out = Foresight(target.collection, "http_backend")
    for row in rows:
        out.weigh(weight(row))
        if erasing:
            due = fate(row, standings, target.collection, work)
            out.add(row, due, full=is_full(row, due))
    return out.foreseen()
