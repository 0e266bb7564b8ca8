"""
How a sign-in ends that did not end well.

The person is told the same whatever was wrong; why stands in the log as a code, with the backend
and nothing else.
"""

from __future__ import annotations

from rights.domain.errors import Unauthenticated, Unavailable
from rights.logs import get
from rights.services.sign_in.provider import Provider


def failed(provider: Provider, why: str) -> Unauthenticated:
    """Return the error for an answer of the provider that does not hold."""
    get().warning("sign_in.failed", backend_id=provider.backend_id, code=why)
    return Unauthenticated(
        "the provider's answer does not hold: begin again", code="sign_in_failed"
    )


def unavailable(provider: Provider, why: str) -> Unavailable:
    """Return the error for a provider that cannot be reached."""
    get().warning("sign_in.unavailable", backend_id=provider.backend_id, code=why)
    return Unavailable("the provider cannot be reached: try again", code="sign_in_unavailable")


def over() -> Unauthenticated:
    """Return the error for a sign-in that was not begun here, is too old, or was used."""
    return Unauthenticated("this sign-in is over: begin again", code="sign_in_over")
