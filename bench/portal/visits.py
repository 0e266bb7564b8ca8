"""
What fifty people do: a visit of twenty actions each, one action a second, at a random moment of it.

An action is a click: a page, or a form and the page it leads to. Its time is from the first byte
sent to the last byte read. All people are threads of one process that is not the server's.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from bench.portal.browser import BareBrowser, Browser
from bench.portal.people import Visitor

ACTIONS = 20
"""Of one visit."""


@dataclass(frozen=True, slots=True)
class Click:
    """One action; without fields it follows a link."""

    name: str
    path: str
    fields: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Visits:
    """
    What was measured.

    Args:
        ms: Milliseconds of each action, by its name.
        client_share: Processor time of the people's own process, in shares of one core.
    """

    ms: Mapping[str, Sequence[float]]
    client_share: float

    @property
    def all_ms(self) -> list[float]:
        """The times of all actions."""
        return [one for times in self.ms.values() for one in times]


def clicks(visitor: Visitor, chance: random.Random) -> list[Click]:
    """Return one person's visit, in an order of its own."""
    any_request = partial(chance.choice, visitor.requests)
    wish = {"option": "correct", "correct.text": f"my name is wrong: {chance.random()}"}
    found = [
        *(Click("first page", "/portal/") for _ in range(4)),
        Click("form", "/portal/ask/deletion"),
        Click("form", "/portal/ask/access"),
        Click("form", "/portal/ask/correction"),
        Click("send a request", "/portal/ask/correction", {**wish, "once": str(chance.random())}),
        *(Click("request", f"/portal/requests/{any_request()}") for _ in range(4)),
        *(Click("live", f"/portal/requests/{visitor.going}/live") for _ in range(3)),
        Click("consents", "/portal/consents"),
        Click("withdraw", "/portal/consents/withdraw", {"purpose": "marketing"}),
        Click("switch off", f"/portal/switches/{chance.choice(visitor.switches)}/off", {}),
        Click("ask what is held", "/portal/held", {}),
        Click("held", f"/portal/held/{visitor.held}"),
    ]
    chance.shuffle(found)
    return found


def of_ours(port: int, visitors: Sequence[Visitor], *, pace_s: float = 1.0) -> Visits:
    """Let *visitors* use the portal. Raises RuntimeError when a page is not given."""
    return _apart(port, visitors, pace_s, bare=False)


def of_bare(port: int, visitors: Sequence[Visitor], *, pace_s: float = 1.0) -> Visits:
    """Make the same calls at the same moments to the bare page."""
    return _apart(port, visitors, pace_s, bare=True)


def _apart(port: int, visitors: Sequence[Visitor], pace_s: float, *, bare: bool) -> Visits:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(_all, (port, visitors, pace_s, bare))


def _all(port: int, visitors: Sequence[Visitor], pace_s: float, bare: bool) -> Visits:  # noqa: FBT001 - over a pipe
    browsers = [
        BareBrowser(port, number) if bare else Browser(port, visitor.token)
        for number, visitor in enumerate(visitors)
    ]
    for browser in browsers:
        browser.enter()
    begun, used = time.monotonic() + 0.2, time.process_time()
    with ThreadPoolExecutor(len(visitors)) as people:
        parts = list(people.map(partial(_one, begun=begun, pace_s=pace_s), browsers, visitors))
    share = (time.process_time() - used) / (time.monotonic() - begun)
    ms: dict[str, list[float]] = {}
    for name, took in (each for part in parts for each in part):
        ms.setdefault(name, []).append(took)
    return Visits(ms, share)


def _one(
    browser: Browser | BareBrowser, visitor: Visitor, *, begun: float, pace_s: float
) -> list[tuple[str, float]]:
    chance = random.Random(visitor.going)
    out: list[tuple[str, float]] = []
    for number, click in enumerate(clicks(visitor, chance)):
        moment = begun + (number + chance.random()) * pace_s
        time.sleep(max(0.0, moment - time.monotonic()))
        started = time.perf_counter()
        browser.open(click.path, click.fields)
        out.append((click.name, (time.perf_counter() - started) * 1000))
    return out
