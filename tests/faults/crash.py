"""One crash: a fork ends at a point, fresh ones go on, and the oracle says what it thinks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from rights.failpoints import EXIT_CODE
from tests.faults import checks, clock, model
from tests.faults.cases import WITH_RECORDS, asked
from tests.faults.company import Person
from tests.faults.laboratory import KEY, LATER_S, SEED, Laboratory
from tests.faults.model import World

CLOSED: Final = frozenset({"fulfilled", "partially_fulfilled", "denied", "revoked", "expired"})
_LOOK_S: Final = 0.03
DEAF_ROUNDS: Final = 12
"""Rounds after which a request whose doorbells are all lost has to have ended."""


@dataclass
class Crasher:
    """
    Ends forks of one laboratory and checks each time.

    Args:
        receipts: Request to its receipt as it was when the request closed.
    """

    lab: Laboratory
    seed: str = SEED
    receipts: dict[str, tuple[str, str]] = field(default_factory=dict)

    def trace(self, name: str, person: Person) -> list[str]:
        """Do a request without a crash; return the points it passed, in order."""
        file = self.lab.folder / f"trace-{name}"
        self.crash(name, person, "", trace=str(file))
        return file.read_text(encoding="ascii").split()

    def crash(self, name: str, person: Person, failpoint: str, **more: Any) -> None:
        """
        End a fork at *failpoint* while it serves one request, then see the request through.

        Raises:
            AssertionError: naming every invariant that is broken.
        """
        order = {**self.lab.submitted(asked(name, person), person), **more}
        before = self.read()
        expected, counts = model.after(before, order, person.id)
        since = self.lab.requests()
        with self._watched(since, expected) as early:
            code = self.lab.forks.run("both", failpoint=failpoint, **order)
            assert code == (EXIT_CODE if failpoint else 0), f"{failpoint}: left with {code}"
            if not self.lab.request_of(since):  # ended before it was there: the person asks again
                assert self.lab.forks.run("submit", **order) == 0
            request_id = self.lab.request_of(since)
            if failpoint:
                self.lab.resume(lambda: self.closed(request_id))
        problems = [*early, *self._problems(name, person, request_id, before, expected, counts)]
        assert not problems, f"{name} at {failpoint or 'no point'}: " + "; ".join(problems)
        self.receipts[request_id] = checks.receipt(self.lab.register, request_id)

    def deaf(self, name: str, person: Person) -> None:
        """
        See one request through while every doorbell of its own is lost.

        Raises:
            AssertionError: naming every invariant that is broken.
        """
        order = self.lab.submitted(asked(name, person), person)
        before, since = self.read(), self.lab.requests()
        expected, counts = model.after(before, order, person.id)
        assert self.lab.forks.run("submit", **order) == 0
        request_id = self.lab.request_of(since)
        for _ in range(DEAF_ROUNDS):
            clock.move(self.lab.register, LATER_S)
            assert self.lab.forks.run("deaf") == 0, f"see {self.lab.log}"
            if self.closed(request_id) and self.lab.row(request_id)["next_at"] is None:
                break
        problems = self._problems(name, person, request_id, before, expected, counts)
        assert not problems, f"{name}, deaf: " + "; ".join(problems)

    def _problems(
        self,
        name: str,
        person: Person,
        request_id: str,
        before: World,
        expected: World,
        counts: Mapping[str, int],
    ) -> list[str]:
        lab = self.lab
        state = lab.row(request_id)["state"]
        out = [] if state == "fulfilled" else [f"I7: it is {state}"]
        out += [f"I1, I2, I9, I11: {p}" for p in model.differences(self.read(), expected)]
        out += checks.orphans(lab.shop)
        out += checks.journal(lab.register, request_id, dict(counts))
        out += checks.store_journal(lab.shop, request_id, dict(counts))
        out += checks.intents(lab.register, request_id)
        if name in WITH_RECORDS and state == "fulfilled":
            blobs = lab.environ["RIGHTS_BLOBS_URL"]
            out += checks.package(lab.register, blobs, KEY, request_id, before, person.id)
        return out

    def again(self) -> None:
        """Deliver every job once more: I8, nothing changes any more."""
        before = self.read()
        ring = sa.text(
            "INSERT INTO outbox (job, args, queue, created_at) SELECT job, "
            "json_build_object('request_id', request.id), 'work', now()"
            " FROM request, (VALUES ('advance'), ('close_out')) AS jobs (job)"
        )
        with self.lab.register.begin() as connection:
            connection.execute(ring)
        assert self.lab.forks.run("work") == 0
        assert model.differences(self.read(), before) == []
        now = {r: checks.receipt(self.lab.register, r) for r in self.receipts}
        assert now == self.receipts

    def finally_(self) -> None:
        """Check what is true of all requests together."""
        lab = self.lab
        problems = [
            *checks.trail(lab.register, SEED),
            *checks.told(lab.register, lab.sink.messages, lab.received.times),
            *checks.leaked(lab.register, lab.redis, [lab.log, *_logs(lab.folder)]),
            *checks.leftovers(lab.register, lab.environ["RIGHTS_BLOBS_URL"]),
        ]
        assert not problems, "; ".join(problems)

    def read(self) -> World:
        """Return everything that is stored now."""
        return model.read(self.lab.shop, self.lab.service, self.lab.bucket)

    def closed(self, request_id: str) -> bool:
        """Return whether the request has ended."""
        return self.lab.row(request_id)["state"] in CLOSED

    @contextmanager
    def _watched(self, since: set[str], expected: World) -> Iterator[list[str]]:
        """I14: look all the while; whenever the request is closed, everything must be done."""
        found: list[str] = []
        stop = threading.Event()
        query = sa.text("SELECT id, state FROM request")

        def look() -> None:
            while not stop.wait(_LOOK_S):
                with self.lab.register.connect() as connection:
                    rows = connection.execute(query).all()
                if any(r.id not in since and r.state in CLOSED for r in rows):
                    early = model.differences(self.read(), expected)
                    found.extend(f"I14: closed too early: {p}" for p in early)
                    return

        thread = threading.Thread(target=look, name="poller")
        thread.start()
        try:
            yield found
        finally:
            stop.set()
            thread.join()


def _logs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"))
