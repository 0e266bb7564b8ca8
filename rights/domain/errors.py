"""
Every error this product raises on purpose.

The type says what happens next; the message says what to do and carries no personal data.

* RightsError
  x IllegalTransition     the request is not in a state where that can happen   (409)
  x NotFound              no such request, step, package or store               (404)
  x Invalid               the caller's values are wrong: each is named          (422)
  x Conflict              the same thing was asked differently, or too late     (409)
  x Gone                  it existed and its time is over                       (410)
  x Forbidden             known caller, not allowed                             (403)
  x Unauthenticated       the caller did not prove who they are                 (401)
    + LevelTooLow         proved, but not strongly enough                       (401)
  x TooMany               wait before trying again                              (429)
  x Unavailable           a part of ours is down; nothing was accepted          (503)
  x ConfigError           a YAML file or an environment variable is wrong       (startup)
  x ConnectorError        a data store did not do what we asked                 (worker)
    + Transient           try again later: timeouts, a store that cannot be reached
      . Overloaded        the store has enough: lock contention, 429, 5xx, replicas behind
    + Refused             the store said no for good: staff must look
    + Misconfigured       our credentials or settings are wrong: an operator must look
    + Unfinished          a part is done and noted; the rest follows in its turn
  x Fenced                a newer worker owns this step: stop quietly           (worker)
  x Drift                 the plan no longer fits the stores: ask again         (worker)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as part
from datetime import timedelta


class RightsError(Exception):
    """
    The root of the tree.

    Args:
        message: For staff and logs; what is wrong and what to do. No personal data.
        code: Stable, lower case; the paragraph of ``docs/reference/errors.md``.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class IllegalTransition(RightsError):
    """The request is not in a state where that can happen."""

    code = "illegal_transition"


class NotFound(RightsError):
    """No such thing, or not for this caller: the two look the same."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class FieldError:
    """
    One wrong value.

    Args:
        field: Dotted path in the caller's document.
        message: What is wrong with it.
        allowed: The values that would do, when they can be listed.
        rule: Code of the rule it breaks, for pages that say so in the reader's language; empty
            where *allowed* says it.
        bound: The number or day that the rule names.
    """

    field: str
    message: str
    allowed: tuple[str, ...] = ()
    rule: str = part(default="", compare=False)
    bound: str = part(default="", compare=False)


class Invalid(RightsError):
    """The caller's values are wrong; ``errors`` names every one."""

    code = "invalid"

    def __init__(
        self, message: str, errors: Sequence[FieldError] = (), *, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.errors = tuple(errors)


class Conflict(RightsError):
    """The same thing was asked in two ways, or the moment for it has passed."""

    code = "conflict"


class Gone(RightsError):
    """It existed and its time is over."""

    code = "gone"


class Forbidden(RightsError):
    """
    The caller is known and may not do this.

    Args:
        act: What a member of staff would need a role for; empty where it is about none.
        roles: Those that may, one of which is enough.
    """

    code = "forbidden"

    def __init__(
        self, message: str, *, code: str | None = None, act: str = "", roles: Sequence[str] = ()
    ) -> None:
        super().__init__(message, code=code)
        self.act, self.roles = act, tuple(roles)


class Unauthenticated(RightsError):
    """The caller did not prove who they are."""

    code = "unauthenticated"


class LevelTooLow(Unauthenticated):
    """The person proved who they are, but not strongly enough for this."""

    code = "level_too_low"


class TooMany(RightsError):
    """Too many tries; ``retry_after`` says when to come back."""

    code = "too_many"

    def __init__(self, message: str, *, retry_after: timedelta, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Unavailable(RightsError):
    """A part of ours is down. Nothing was accepted; the caller may try again."""

    code = "unavailable"


class ConfigError(RightsError):
    """A file or setting is wrong; ``problems`` lists every mistake with its place."""

    code = "config"

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__("\n".join([message, *(f"  {p}" for p in problems)]))
        self.problems = tuple(problems)


class ConnectorError(RightsError):
    """A data store did not do what was asked of it."""

    code = "connector"


class Transient(ConnectorError):
    """Try again later."""

    code = "store_unavailable"

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(Transient):
    """
    The store is there and has enough; everybody who asks it should ask less.

    Args:
        store: Its name, where whoever raises it knows; the step's own otherwise.
        reason: A code: ``locks``, ``connections``, ``busy``, ``replication_lag``, ``lock_waits``.
        at_once: It was measured, or the store said until when: one such answer is enough.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: timedelta | None = None,
        store: str = "",
        reason: str = "busy",
        at_once: bool = False,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.store, self.reason = store, reason
        self.at_once = at_once or retry_after is not None


class Refused(ConnectorError):
    """The store said no for good; staff must look."""

    code = "store_refused"


class Misconfigured(ConnectorError):
    """Our credentials or settings are wrong; an operator must look."""

    code = "store_misconfigured"


class Unfinished(ConnectorError):
    """
    A part of a large effect is done and noted in the store; the next one follows in its turn.

    Nothing went wrong: the worker is given back, so that short requests are not kept waiting.
    """

    code = "unfinished"


class Fenced(RightsError):
    """A newer worker owns the step. Whoever sees this stops, quietly."""

    code = "fenced"


class Drift(RightsError):
    """
    The data map or a store's schema is not what the plan was approved for.

    Args:
        why: Code of what changed, for pages that say so in the reader's language; may be empty.
    """

    code = "drift"

    def __init__(self, message: str, *, why: str = "") -> None:
        super().__init__(message)
        self.why = why
