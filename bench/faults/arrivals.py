"""People who ask, all the while, through the API; and a look at each request until it ends."""

from __future__ import annotations

import json
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import sqlalchemy as sa
import urllib3

from bench.faults import near
from bench.faults.site import Site, asked
from rights.domain.levels import Acr
from tests.faults import checks, model
from tests.faults.cases import CASES, WITH_RECORDS
from tests.faults.cases import asked as wish
from tests.faults.company import CANARY, Person
from tests.faults.crash import CLOSED
from tests.faults.laboratory import KEY
from tests.faults.model import Counts, World
from workflows.demo.house.terminal import code_in

_T = TypeVar("_T")

OPEN_AT_ONCE: Final = 30
BOUND_S: Final = 120.0
"""I7: once faults have stopped, everything ends within this."""
_TOGETHER: Final = (("copy", "deletion"), ("deletion", "cancellation"))
"""What one person asks for in the same breath, beside single requests."""
_STEPS: Final = (
    "SELECT substr(id, 34) AS step, state, code, attempts FROM step"
    " WHERE request_id = :id AND state <> 'done' ORDER BY id"
)
_NEWER: Final = "edited"
_AGAIN: Final = frozenset({0, 429, 500, 502, 503, 504})
_BEHIND: Final = timedelta(seconds=90)
"""The web may not have heard of a jump of the clock yet: an assertion must hold on both sides."""
_PATIENCE_S: Final = 90.0
_TIMEOUT: Final = urllib3.Timeout(connect=1.0, read=5.0)


@dataclass
class _Call:
    """One call to the web, the same bytes however often it is sent."""

    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    request_id: str = ""


@dataclass
class Visit:
    """
    One person and all they have asked for.

    Args:
        before: The rows around them before; ``expected``: as they must be once all has ended.
        counts: What all journals together must say, whichever of the requests came first.
        ids: Case to the request's id.
    """

    person: Person
    names: tuple[str, ...]
    before: World = field(repr=False)
    expected: World = field(repr=False)
    counts: tuple[Counts, ...]
    ids: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    edited: bool = False


@dataclass
class Arrivals:
    """Submits, polls and judges."""

    site: Site
    rng: random.Random
    world: World = field(repr=False)
    broken: list[str] = field(default_factory=list)
    receipts: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    open: list[Visit] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    visits: int = 0
    requests: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Let people come while there are any, and see each request to its end."""
        turn = self._turn()
        waiting: list[int] = []
        while not self.stopping.is_set():
            while len(self.open) < OPEN_AT_ONCE and (waiting or (n := next(turn, 0))):
                number = waiting.pop(0) if waiting else n
                if self._near(number):
                    waiting.append(number)
                    break
                self._begin(number)
            self.look()
            time.sleep(0.05)

    def answers(self) -> bool:
        """Return whether the web is there."""
        url = f"{self.site.base_url}/healthz"
        try:
            answer = urllib3.request("GET", url, timeout=_TIMEOUT, retries=False)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200

    def finished(self) -> bool:
        """Wait for everything that is open, for so long as it may take; return whether it ended."""
        until = time.monotonic() + BOUND_S
        while self.open and time.monotonic() < until:
            self.look()
            time.sleep(0.05)
        return not self.open

    def give_up(self) -> None:
        """I7: whatever has not ended is a broken invariant."""
        for visit in self.open:
            for name, request_id in visit.ids.items():
                if name not in visit.ended:
                    row = self.site.read("SELECT * FROM request WHERE id = :id", id=request_id)[0]
                    steps = self.site.read(_STEPS, id=request_id)
                    where = "; ".join(f"{s.step} {s.state} {s.code} {s.attempts}" for s in steps)
                    self.broken.append(
                        f"I7: {name} is {row.state} ({row.wait}) after {BOUND_S} s: {where}"
                    )

    def look(self) -> None:
        """I14: poll what is open; what says that it has ended must have ended."""
        for visit in list(self.open):
            for name, request_id in visit.ids.items():
                if name not in visit.ended:
                    self._poll(visit, name, request_id)
            if len(visit.ended) == len(visit.names):
                self.open.remove(visit)
                self._judge(visit)

    def _turn(self) -> Any:
        """Yield every third person, and the ones between them in later rounds."""
        for first in (1, 2, 3):
            yield from range(first, self.site.people - 3, 3)

    def _near(self, number: int) -> bool:
        return any(abs(visit.person.id - number) <= 1 for visit in self.open)

    def _begin(self, number: int) -> None:
        person, roll = Person(number), self.rng.random()
        names: tuple[str, ...] = (self.rng.choice(list(CASES)),)
        if roll < 0.15:
            names = self.rng.choice(_TOGETHER)
        edited = names == ("correction",) and roll > 0.6
        before = near.read(self.site, number)
        expected, counts = _in_turn(before, names, person)
        other = _in_turn(before, names[::-1], person)[1]
        visit = Visit(person, names, before, expected, (counts, other), edited=edited)
        for name in names:
            visit.ids[name] = self._submitted(name, person)
        self.requests += len(names)
        self.visits += 1
        self.open.append(visit)
        if edited:
            self._edit(visit)

    def _edit(self, visit: Visit) -> None:
        """I11: the person changes the value themselves, at any moment of the correction."""
        time.sleep(self.rng.uniform(0, 0.6))
        name = f"{CANARY} {_NEWER} {visit.person.id}"
        query = "UPDATE users SET nickname = :name WHERE id = :id RETURNING id"
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with self.site.shop.begin() as connection:
                    connection.execute(sa.text(query), {"name": name, "id": visit.person.id})
            except sa.exc.OperationalError:
                time.sleep(0.1)
            else:
                break
        visit.expected["shop.users"][visit.person.id]["nickname"] = name

    def _submitted(self, name: str, person: Person) -> str:
        """Submit until there is an answer, whatever happens to the web meanwhile."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            # The same call under the same key, until it is answered: it may have been heard.
            call = self._call(name, person)
            while (status := self._sent(call)) in _AGAIN and time.monotonic() < until:
                time.sleep(0.1)
            if call.request_id:
                return call.request_id
            self.refused[str(status)] += 1
            time.sleep(0.3)
        raise TimeoutError(f"{name}: the web took no request for {_PATIENCE_S:.0f} s")

    def _call(self, name: str, person: Person) -> _Call:
        ahead = asked(self.site.register, "SELECT extract(epoch FROM ahead) FROM lab.clock")[0][0]
        now = datetime.now(UTC) + timedelta(seconds=float(ahead)) - _BEHIND
        word = self.site.backend.assertion(person.subject, Acr.REAL_NAME, now=now)
        return _Call(
            self._headers(), json.dumps({**wish(name, person), "assertion": word}).encode()
        )

    def _sent(self, call: _Call, path: str = "/v1/requests") -> int:
        url = f"{self.site.base_url}{path}"
        try:
            answer = urllib3.request(
                "POST", url, headers=call.headers, body=call.body, timeout=_TIMEOUT, retries=False
            )
        except urllib3.exceptions.HTTPError:
            return 0
        if answer.status in {200, 201}:
            call.request_id = str(answer.json().get("id", ""))
        return answer.status

    def _poll(self, visit: Visit, name: str, request_id: str) -> None:
        headers = {"Authorization": f"Bearer {self.site.backend.key}"}
        url = f"{self.site.base_url}/v1/requests/{request_id}"
        try:
            answer = urllib3.request("GET", url, headers=headers, timeout=_TIMEOUT, retries=False)
        except urllib3.exceptions.HTTPError:
            return
        if answer.status == 404:
            self.broken.append(f"{name}: a request that was taken is not there")
            visit.ended[name] = "lost"
            return
        if answer.status != 200:
            return
        found = answer.json()
        if found["state"] == "verifying":
            self._prove(visit, request_id)
        blocked = found["state"] == "on_hold" and visit.edited
        if found["state"] in CLOSED or blocked:
            visit.ended[name] = found["state"]
            if len(visit.names) == 1:
                self._same(visit, "I14: closed too early: ")

    def _prove(self, visit: Visit, request_id: str) -> None:
        """Answer with the code that came by mail, once it has come."""
        to = visit.person.email
        mails = [m for m in list(self.site.sink.messages) if m["X-Envelope-To"].lower() == to]
        codes = [code for mail in mails if (code := code_in(mail))]
        if not codes:
            return
        call = _Call(self._headers(), json.dumps({"code": codes[-1]}).encode())
        self._sent(call, f"/v1/requests/{request_id}/verification/answer")

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.site.backend.key}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(16),
        }

    def _same(self, visit: Visit, word: str) -> None:
        found = near.read(self.site, visit.person.id)
        differences = model.differences(found, visit.expected)
        self.broken += [f"{word}{visit.names}: {d}" for d in differences]

    def _judge(self, visit: Visit) -> None:
        """Check one person's requests once all of them have ended."""
        self._same(visit, "I1, I2, I9, I11: ")
        near.put_in(self.world, visit.person.id, self.site.people, visit.expected)
        good = {"fulfilled", "on_hold", "partially_fulfilled"} if visit.edited else {"fulfilled"}
        self.broken += [f"{n} ended {s}" for n, s in visit.ended.items() if s not in good]
        if visit.edited:
            return
        self._counted(visit)
        for name, request_id in visit.ids.items():
            self.broken += patiently(partial(checks.intents, self.site.register, request_id))
            kept = partial(checks.receipt, self.site.register, request_id)
            self.receipts[request_id] = patiently(kept)
            if name in WITH_RECORDS:
                self.broken += self._package(visit, request_id)

    def _package(self, visit: Visit, request_id: str) -> list[str]:
        here, number = self.site, visit.person.id
        question = partial(checks.package, here.register, here.blobs_url, KEY, request_id)
        return patiently(partial(question, visit.before, number))

    def _counted(self, visit: Visit) -> None:
        """I4: what all journals of this person's requests say together."""
        register, ids = self.site.register, list(visit.ids.values())
        found = [patiently(partial(checks.journal, register, ids, n)) for n in visit.counts]
        if all(found):  # none of the orders explains it
            self.broken += found[0]


def _in_turn(before: World, names: tuple[str, ...], person: Person) -> tuple[World, Counts]:
    """Return what becomes of *before*, and what is counted, when requests come one by one."""
    world, counts = before, Counts()
    for name in names:
        world, more = model.after(world, wish(name, person), person.id)
        counts = {path: counts.get(path, 0) + more.get(path, 0) for path in {*counts, *more}}
    return world, counts


def patiently(question: Callable[[], _T]) -> _T:
    """Ask again while a database is being started."""
    until = time.monotonic() + 60
    while True:
        try:
            return question()
        except sa.exc.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
