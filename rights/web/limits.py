"""
Rate limits, per address and per caller, counted in Redis over a sliding window.

When Redis is down the limits go on in this process's memory: a person's right does not wait
for a counter.
"""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta
from typing import Final

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import Redis
from redis.exceptions import NoScriptError, RedisError

from rights.domain.errors import ConfigError, TooMany
from rights.logs import get
from rights.settings import Settings

_PREFIX: Final = "limit"
_AGAIN_S: Final = 5.0
"""How long Redis is left alone after it could not be reached."""

_ONCE: Final = parse("1/hour")

Hit = tuple[RateLimitItem, str]
"""A limit, and what it is about: ids and addresses, never an identifier of a person."""


class Limits:
    """
    The limits of the settings.

    Raises:
        ConfigError: a limit is not of the form ``100/minute``.
    """

    def __init__(self, settings: Settings) -> None:
        self.per_key = _item("rate_per_key", settings.rate_per_key)
        self.per_address = _item("rate_per_address", settings.rate_per_address)
        self.typed = _item("rate_typed", settings.rate_typed)
        self.begin = _item("rate_begin", settings.rate_begin)
        self.staff = _item("rate_staff", settings.rate_staff)
        self.verification = _item("rate_verification", settings.rate_verification)
        self._shared = _Shared(settings.redis_url)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._down_until = 0.0

    def hit(self, *hits: Hit) -> None:
        """
        Count one call against each of some limits, in one round trip.

        Raises:
            TooMany: that was one too many for one of them.
        """
        for (item, _), allowed in zip(hits, self._counted(hits), strict=True):
            if not allowed:
                wait = timedelta(seconds=max(1, item.get_expiry() // 2))
                raise TooMany("too many calls: slow down", retry_after=wait)

    def first(self, about: str) -> bool:
        """Tell whether this is the first time in an hour: what is written down once is bounded."""
        return self._counted(((_ONCE, about),))[0]

    def reachable(self) -> bool:
        """Tell whether Redis answers."""
        return self._shared.reachable()

    def close(self) -> None:
        """Close the connections."""
        self._shared.close()

    def _counted(self, hits: tuple[Hit, ...]) -> list[bool]:
        if time.monotonic() >= self._down_until:
            try:
                return self._shared.acquire(hits)
            except RedisError:
                self._down_until = time.monotonic() + _AGAIN_S
                get().warning("limits.redis_unreachable")
        return [self._own.hit(item, who) for item, who in hits]


class _Shared:
    """The library's counters in Redis, several at once."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
        self._script = RedisStorage.SCRIPT_ACQUIRE_SLIDING_WINDOW
        self._sha = hashlib.sha1(self._script, usedforsecurity=False).hexdigest()

    def acquire(self, hits: tuple[Hit, ...]) -> list[bool]:
        """Count one call against each limit; return which of them allow it."""
        try:
            return self._acquire(hits)
        except NoScriptError:  # first use, or Redis was restarted since
            self._redis.script_load(self._script)
            return self._acquire(hits)

    def _acquire(self, hits: tuple[Hit, ...]) -> list[bool]:
        pipe = self._redis.pipeline(transaction=False)
        for item, who in hits:
            now = f"{_PREFIX}:{{{item.key_for(who)}}}"
            pipe.evalsha(self._sha, 2, f"{now}/-1", now, item.amount, item.get_expiry(), 1)
        return [bool(each) for each in pipe.execute()]

    def reachable(self) -> bool:
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def close(self) -> None:
        self._redis.close()


def _item(name: str, text: str) -> RateLimitItem:
    try:
        return parse(text)
    except ValueError:
        variable = f"RIGHTS_{name.upper()}"
        raise ConfigError(f"{variable} is not a rate: write it like 100/minute") from None
