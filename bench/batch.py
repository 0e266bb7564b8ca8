"""
A thousand people with twenty-one rows each: together, beside one after the other.

Each run has a fresh copy of the database. What is timed is the erasing itself, as a worker does
it: legal holds looked up, the effect in the store with fence and journal row for everybody. What
the register writes for each person before and after it is the same both ways, and not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from bench.watching import Watch
from bench.whale import Run, Sea, affected, made, submit
from rights.domain.actions import Action
from tests.servers import postgres
from workflows import jointly
from workflows.advance import begin, settle
from workflows.claims import Claim, Outcome
from workflows.floor import Floor
from workflows.perform import perform

Do = Callable[[Floor, Sequence[Claim]], Mapping[str, Outcome]]

PEOPLE = 1_000
ROWS = 21

_BYSTANDERS = 1_000
_FILL = (
    ("INSERT INTO users SELECT n, 'p' || n FROM generate_series(1, %s) n", 1),
    (
        (
            "INSERT INTO orders SELECT n, (n - 1) / 5 + 1, n %% 90, 'note ' || n"
            " FROM generate_series(1, %s) n"
        ),
        5,
    ),
    (
        (
            "INSERT INTO items SELECT n, (n - 1) / 2 + 1, 'sku' || n %% 9999, n %% 9"
            " FROM generate_series(1, %s) n"
        ),
        10,
    ),
    (
        (
            "INSERT INTO events SELECT n, (n - 1) / 5 + 1, '192.0.2.' || n %% 250,"
            " 'agent ' || n %% 50, repeat('x', 60) || n FROM generate_series(1, %s) n"
        ),
        5,
    ),
)


class Crowd:
    """A server with a filled database to copy."""

    def __init__(self, sea: Sea, people: int) -> None:
        self._sea, self._people = sea, people

    def alone(self) -> Run:
        """One after the other."""
        return self._run(_each, 1)

    def together(self) -> Run:
        """As many at once as a worker takes up by default."""
        return self._run(_side_by_side, 0)

    def _run(self, do: Do, size: int) -> Run:
        with self._sea.copy() as url, self._sea.floor(url) as floor:
            ids = [submit(floor, str(n)) for n in range(1, self._people + 1)]
            waiting = [_to_erase(floor, request_id) for request_id in ids]
            run, watch = Run(), Watch(make_url(url).database or "")
            size = size or floor.context.settings.people_abreast
            with watch:
                for at in range(0, len(waiting), size):
                    claims = waiting[at : at + size]
                    with self._sea.measured(url, run), watch.counting():
                        done = do(floor, claims)
                    for claim in claims:
                        _to_the_end(floor, settle(floor, claim, done[claim.step_id]))
            run.longest_s, run.statements = watch.longest_s, watch.statements
            run.rows = sum(affected(floor, request_id) for request_id in ids)
        return run


def _each(floor: Floor, claims: Sequence[Claim]) -> dict[str, Outcome]:
    return {claim.step_id: perform(floor, claim) for claim in claims}


def _side_by_side(floor: Floor, claims: Sequence[Claim]) -> dict[str, Outcome]:
    """As a worker does it: whoever is looked at more closely, or cannot come along, goes alone."""
    done = jointly.perform(floor, claims)
    return {**done, **_each(floor, [claim for claim in claims if claim.step_id not in done])}


def _to_erase(floor: Floor, request_id: str) -> Claim:
    """Work on a request until its rows are to be erased, and return that claim."""
    claim = begin(floor, request_id)
    while claim is not None:
        if claim.step is not None and claim.step.action is Action.ERASE:
            return claim
        claim = settle(floor, claim, perform(floor, claim))
    raise RuntimeError(f"request {request_id} never came to erase anything")


def _to_the_end(floor: Floor, claim: Claim | None) -> None:
    """Finish a request: the same person asks again in the next run, and would wait for it."""
    while claim is not None:
        claim = settle(floor, claim, perform(floor, claim))


@contextmanager
def crowd(folder: Path, scale: float) -> Iterator[Crowd]:
    """A server and a filled database; *scale* makes it smaller."""
    people = int(PEOPLE * scale)
    filling = [(statement, each * (people + _BYSTANDERS)) for statement, each in _FILL]
    with ExitStack() as stack:
        at = stack.enter_context(postgres.server(durable=True))
        yield Crowd(Sea(at, stack, folder, lambda dsn: made(dsn, filling)), people)
