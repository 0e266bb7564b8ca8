"""
Sending somebody to the service: whether this request may be proved so, and where they go.

No transaction is open while the bridge is asked.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from rights.domain.errors import ConnectorError, Unavailable
from rights.domain.levels import Matched
from rights.logs import get
from rights.services import matching, proofs
from rights.services.context import Context
from rights.services.network_identity import visits
from rights.services.network_identity.bridge import Bridge
from rights.services.network_identity.calls import Bridges
from rights.services.network_identity.visits import Begun
from rights.store.models import Request


def check(session: Session, context: Context, request: Request, *, now: datetime) -> None:
    """
    Make sure that going there could lead anywhere: nobody shows their identity in vain.

    Raises:
        Conflict: the request is past proving.
        LevelTooLow: no code was answered yet.
        TooMany: it was tried too often today.
        Forbidden: the request is stopped.
    """
    matching.ready(session, request, Matched.NETWORK_IDENTITY, now=now)
    proofs.not_too_often(session, context, request, now=now)


def place(caller: Bridges, bridge: Bridge, begun: Begun, *, back: str, language: str) -> str:
    """
    Return where the browser goes; the bridge knows then who is about to come.

    Args:
        back: Where it sends the browser afterwards, with the state.

    Raises:
        Unavailable: it cannot be asked. Why stands in the log, as a code.
    """
    said = {
        "state": begun.state,
        "nonce": begun.nonce,
        "back": back,
        "language": language,
        "expires_at": (begun.at + visits.LIFE).isoformat(),
    }
    try:
        return caller.place(bridge, said, now=begun.at)
    except ConnectorError as error:
        why = {"backend_id": bridge.backend_id, "code": error.code}
        get().warning("network_identity.unavailable", **why)
    raise Unavailable(
        "the network identity service cannot be reached: take another way, or try again",
        code="network_identity_unavailable",
    )
