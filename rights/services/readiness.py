"""
Whether a process has all that it needs, asked of each thing for a bounded time.

What is wrong is a word, never a text: addresses and credentials are in those.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from rights.domain.errors import ConfigError
from rights.store.blobs import Blobs
from rights.store.db import reading
from rights.store.keys import Tampered
from rights.store.revision import migrated
from rights.store.vault import Vault

UP: Final = "up"
WITHIN_S: Final = 2.0
_PROBE: Final = b"readiness"

Check = Callable[[], str]
"""Returns :data:`UP`, or what is wrong; whatever it raises means that the thing is down."""


class Readiness:
    """
    What is needed, by name.

    One look at each thing goes on at a time, however many ask: one that hangs holds up one thread.
    """

    def __init__(self, checks: Mapping[str, Check], *, within_s: float = WITHIN_S) -> None:
        self._looks = {name: _Look(check) for name, check in checks.items()}
        self._within = within_s

    def look(self) -> dict[str, str]:
        """Return of each thing ``up``, ``down``, ``no_answer``, or another word for why not."""
        until = time.monotonic() + self._within
        begun = {name: look.begin() for name, look in self._looks.items()}
        return {name: wait(max(0.0, until - time.monotonic())) for name, wait in begun.items()}


class _Look:
    """One check, in a thread of its own."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._lock = threading.Lock()
        self._under_way: tuple[threading.Event, list[str]] | None = None

    def begin(self) -> Callable[[float], str]:
        """Begin, unless a look is under way; return what waits for its outcome."""
        with self._lock:
            if self._under_way is None or self._under_way[0].is_set():
                self._under_way = threading.Event(), []
                arguments = self._under_way
                threading.Thread(target=self._run, args=arguments, daemon=True).start()
            done, said = self._under_way
        return lambda wait: said[0] if done.wait(wait) else "no_answer"

    def _run(self, done: threading.Event, said: list[str]) -> None:
        try:
            said.append(self._check())
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not there
            said.append("down")
        finally:
            done.set()


def register(engine: Engine) -> Check:
    """Check that the register answers and is migrated far enough."""

    def check() -> str:
        try:
            with reading(engine) as session:
                return UP if migrated(session) else "not_migrated"
        except ProgrammingError:
            return "refused"

    return check


def redis(reachable: Callable[[], object]) -> Check:
    """Check that Redis answers; what can be done without it goes on."""
    return lambda: UP if reachable() else "down"


def blobs(place: Blobs) -> Check:
    """Check that packages can be reached, with the credentials of this process."""

    def check() -> str:
        try:
            place.reach()
        except ConfigError:
            return "refused"
        return UP

    return check


def keys(vault: Vault) -> Check:
    """Check that what is sealed here can be opened here."""

    def check() -> str:
        try:
            sealed = vault.seal(_PROBE, aad="readiness")
            opened = vault.open(sealed, aad="readiness")
        except (ConfigError, Tampered):
            return "missing"
        return UP if opened == _PROBE else "missing"

    return check
