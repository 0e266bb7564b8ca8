"""
What should become of every row, worked out by hand from the table of roles.

Plain Python over the rows; it shares no code with the planner or a connector, and no idea
either: an owner is a name in a set, and a row goes when the set holds nobody else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from tests.links.world import Link, Row, Table, World

ME = "me"
Place = tuple[str, int]
INWARD = {"owner", "accessor"}

SOLE, SHARED, SEEN = 2, 1, 0


@dataclass
class Verdict:
    """
    The answer of the oracle.

    Args:
        after: Table to its rows after an erasure.
        shown: Table to the records a package has to hold.
        stuck: A pointer would have to be cut and may not be empty: the request is refused.
        knotted: Foreign keys in a circle that nothing can untie.
    """

    after: dict[str, Counter[tuple[Any, ...]]] = field(default_factory=dict)
    shown: dict[str, Counter[tuple[Any, ...]]] = field(default_factory=dict)
    stuck: bool = False
    knotted: bool = False


class Oracle:
    """Judges one world for one person."""

    def __init__(self, world: World, *, erasing: bool, anonymise: bool = False) -> None:
        self.world = world
        self.erasing = erasing
        self.anonymise = anonymise
        self.places: list[Place] = [(t.name, n) for t in world.tables for n in range(len(t.rows))]
        self.known: dict[str, set[str]] = {n: {_fold(n, v)} for n, v in world.person.items()}
        self.mine: set[Place] = set()
        self._recognise()
        self.taken: set[Place] = set()
        self.owners: dict[Place, frozenset[Any]] = {}
        self._settle()
        self.standing = self._standings()

    # -- looking ---------------------------------------------------------------------------

    def row(self, place: Place) -> Row:
        return self.world.table(place[0]).rows[place[1]]

    def applies(self, link: Link, row: Row) -> bool:
        return link.type is None or row[link.type[0]] == link.type[1]

    def value(self, link: Link, row: Row) -> tuple[Any, ...] | None:
        """Return what the pointer holds, or None when it is not set."""
        found = tuple(row[c] for c in link.columns)
        if any(v is None for v in found) or (link.identifier and found == ("",)):
            return None
        return found

    def targets(self, link: Link, row: Row) -> list[Place]:
        """Return the rows that *row* points at by *link*."""
        value = self.value(link, row)
        if not link.to or value is None or not self.applies(link, row):
            return []
        table = self.world.table(link.to)
        to = link.to_columns or table.key
        return [
            (link.to, n)
            for n, other in enumerate(table.rows)
            if tuple(str(other[c]) for c in to) == tuple(map(str, value))
        ]

    def is_mine(self, link: Link, row: Row) -> bool:
        """Return whether a contact in the row is the person's."""
        value = self.value(link, row)
        if not link.identifier or value is None or not self.applies(link, row):
            return False
        return _fold(link.identifier, value[0]) in self.known.get(link.identifier, set())

    # -- who the person is -----------------------------------------------------------------

    def _recognise(self) -> None:
        growing = True
        while growing:
            before = len(self.mine)
            for place in self.places:
                identifies = self.world.table(place[0]).identifies
                row = self.row(place)
                named = {k: _fold(k, row[c]) for k, c in identifies.items() if row[c] is not None}
                if any(v in self.known.get(k, set()) for k, v in named.items()):
                    self.mine.add(place)
                    for k, v in named.items():
                        self.known.setdefault(k, set()).add(v)
            growing = len(self.mine) > before

    # -- whose every row is ----------------------------------------------------------------

    def _settle(self) -> None:
        while True:
            self._own()
            taken = {p for p in self.places if p in self.taken or self._is_taken(p)}
            if taken == self.taken:
                return
            self.taken = taken

    def _own(self) -> None:
        self.owners = {p: frozenset() for p in self.places}
        self._spread(nobody=False)
        empty = {p for p in self.places if not self.owners[p]}
        self._spread(nobody=True, empty=empty)

    def _spread(self, *, nobody: bool, empty: set[Place] = frozenset()) -> None:  # type: ignore[assignment]
        growing = True
        while growing:
            growing = False
            for place in self.places:
                found = self._owners_of(place, nobody=nobody, empty=empty)
                if found != self.owners[place]:
                    self.owners[place], growing = found, True

    def _owners_of(  # noqa: C901 - the table of roles, row by row
        self, place: Place, *, nobody: bool, empty: set[Place]
    ) -> frozenset[Any]:
        if place in self.taken:
            return frozenset({ME})
        table, row = self.world.table(place[0]), self.row(place)
        out: set[Any] = set()
        if place in self.mine:
            out.add(ME)
        elif any(n != "email" and row[c] is not None for n, c in table.identifies.items()):
            out.add(("person", *place))
        for link in table.links:
            value = self.value(link, row)
            if link.role != "owner" or value is None or not self.applies(link, row):
                continue
            if link.identifier:
                out.add(ME if self.is_mine(link, row) else ("guest", value))
                continue
            found = self.targets(link, row)
            for target in found:
                out |= self.owners[target]
            if nobody and (not found or any(t in empty for t in found)):
                out.add(("unknown", link.to, value))
        for giver in self._givers(place, "owns"):
            out |= self.owners[giver]
        return frozenset(out)

    def _givers(self, place: Place, role: str) -> list[Place]:
        return [
            other
            for other in self.places
            for link in self.world.table(other[0]).links
            if link.role == role and place in self.targets(link, self.row(other))
        ]

    def sole(self, place: Place) -> bool:
        return place in self.taken or self.owners[place] == {ME}

    def _is_taken(self, place: Place) -> bool:
        if not self.erasing:
            return False
        row = self.row(place)
        for link in self.world.table(place[0]).links:
            deep = link.role == "none" and link.depth == "deep"
            if not deep and link.on_erasure != "delete":
                continue
            if self.is_mine(link, row) or any(map(self.sole, self.targets(link, row))):
                return True
        return False

    def _standings(self) -> dict[Place, int]:
        """Return the reached rows: the person's alone, theirs in part, or merely seen."""
        out = {}
        for place in self.places:
            if self.sole(place):
                out[place] = SOLE
            elif ME in self.owners[place]:
                out[place] = SHARED
        growing = True
        while growing:
            growing = False
            for place in self.places:
                if place not in out and self._is_seen(place, out):
                    out[place], growing = SEEN, True
        return out

    def _is_seen(self, place: Place, reached: dict[Place, int]) -> bool:
        row = self.row(place)
        for link in self.world.table(place[0]).links:
            if link.role in INWARD and (
                self.is_mine(link, row) or any(t in reached for t in self.targets(link, row))
            ):
                return True
        given = (*self._givers(place, "owns"), *self._givers(place, "accesses"))
        return any(g in reached for g in given)

    # -- what a package shows --------------------------------------------------------------

    def ways(self, place: Place) -> list[tuple[int, Link | None]]:
        """Return every way by which the person gets at a row: how strong, and by which link."""
        out: list[tuple[int, Link | None]] = [(SOLE, None)] if place in self.mine else []
        row = self.row(place)
        for link in self.world.table(place[0]).links:
            if link.role not in INWARD:
                continue
            parents = [self.standing[t] for t in self.targets(link, row) if t in self.standing]
            if self.is_mine(link, row):
                parents.append(SOLE)
            if parents:
                out.append((max(parents) if link.role == "owner" else SEEN, link))
        for other in self.places:
            for link in self.world.table(other[0]).links:
                given = link.role in {"owns", "accesses"} and other in self.standing
                if given and place in self.targets(link, self.row(other)):
                    rank = self.standing[other] if link.role == "owns" else SEEN
                    out.append((rank, link))
        return out

    def shown(self) -> dict[str, Counter[tuple[Any, ...]]]:
        out: dict[str, Counter[tuple[Any, ...]]] = {}
        for place in self.places:
            ways = [(r, k) for r, k in self.ways(place) if not (k and k.omit)]
            if not ways:
                continue
            best = max(rank for rank, _ in ways)
            masks = [set(k.mask) if k else set() for rank, k in ways if rank == best]
            hidden = set.intersection(*masks)
            row, table = self.row(place), self.world.table(place[0])
            record = tuple(None if n in hidden else row[n] for n in table.shown)
            out.setdefault(place[0], Counter())[record] += 1
        return out

    # -- what an erasure does --------------------------------------------------------------

    def goes(self, place: Place) -> bool:
        if place in self.taken:
            return True
        if self.owners[place] != {ME}:
            return False
        if place in self.mine:
            return True
        row = self.row(place)
        for link in self.world.table(place[0]).links:
            mine = link.role == "owner" and link.on_erasure != "keep"
            if mine and (self.is_mine(link, row) or any(map(self.sole, self.targets(link, row)))):
                return True
        return any(map(self.sole, self._givers(place, "owns")))

    def cut(self, place: Place) -> list[Link]:
        """Return the links that point at what is erased, along which the row is cut."""
        row = self.row(place)
        return [
            link
            for link in self.world.table(place[0]).links
            if link.role in {*INWARD, "none"}
            and not link.on_erasure
            and link.depth != "deep"
            and (self.is_mine(link, row) or any(map(self.sole, self.targets(link, row))))
        ]

    def judge(self, *, waits: bool) -> Verdict:
        """
        Return what should become of everything.

        Args:
            waits: The database can check foreign keys at the end of a transaction.
        """
        verdict = Verdict(shown=self.shown(), knotted=self._knotted(waits=waits))
        for table in self.world.tables:
            after: Counter[tuple[Any, ...]] = Counter()
            for n, row in enumerate(table.rows):
                left = self._left(table, (table.name, n), dict(row), verdict)
                if left is not None:
                    after[tuple(left[c.name] for c in table.columns)] += 1
            verdict.after[table.name] = after
        return verdict

    def _left(self, table: Table, place: Place, row: Row, verdict: Verdict) -> Row | None:
        if self.goes(place):
            if table.erasure == "delete" and not self.anonymise:
                return None
            kept = {*table.key, *(c for k in table.links if k.to for c in k.columns)}
            emptied = {*table.shown, *table.identifies.values()} - kept
            pointing = [k for k in table.links if k.role == "owner"]
            for link in pointing:
                emptied |= {c for c in link.columns if table.column(c).nullable}
            for link in self.cut(place):
                self._cut(table, link, row, verdict, anonymised=True)
            for name in emptied:
                row[name] = None if table.column(name).nullable else ""
            return row
        for link in self.cut(place):
            self._cut(table, link, row, verdict)
        return row

    def _cut(
        self, table: Table, link: Link, row: Row, verdict: Verdict, *, anonymised: bool = False
    ) -> None:
        names = link.anonymise or link.columns
        loose = [n for n in names if table.column(n).nullable]
        solid = [n for n in names if not table.column(n).nullable]
        if not (loose and not link.anonymise):
            pointers = {c for k in table.links for c in k.columns if not k.identifier}
            fixed = [n for n in solid if n in pointers or n in table.key]
            if fixed:
                verdict.stuck = verdict.stuck or not anonymised
                return
            for name in solid:
                row[name] = ""
        for name in loose:
            row[name] = None

    def _knotted(self, *, waits: bool) -> bool:
        """Return whether no order of the tables respects the foreign keys that must hold."""
        solid = [
            (t.name, k.to)
            for t in self.world.tables
            for k in t.links
            if k.foreign
            and k.to != t.name
            and not (any(t.column(c).nullable for c in k.columns) and k.on_erasure != "keep")
            and not (waits and k.deferrable)
        ]
        names = [t.name for t in self.world.tables if any(t.name in pair for pair in solid)]
        return not any(
            all(order.index(a) < order.index(b) for a, b in solid) for order in permutations(names)
        )


def _fold(name: str, value: Any) -> str:
    text = str(value)
    return text.lower() if name == "email" else text
