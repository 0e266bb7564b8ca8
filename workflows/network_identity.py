"""
A bridge to the national network identity service, asked by a worker who came back from it.

What it answers is looked at here and kept nowhere: not the account it names, not that it was none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Final

from rights.domain.errors import ConnectorError, Misconfigured
from rights.domain.levels import Matched
from rights.logs import get
from rights.net import Guard
from rights.services import disturbances, subjects
from rights.services.network_identity import answers, bridges
from rights.services.network_identity.answers import Asked
from rights.services.network_identity.calls import Bridges, Unsigned
from rights.store.db import reading
from rights.store.models import Lookup, Request
from workflows.floor import Floor

_RESULTS: Final = "results"


def asked(floor: Floor, row: Lookup, values: Mapping[str, str]) -> Matched | None:
    """
    Return what the bridge's word is worth for a request; None for a wrong try.

    No transaction is open while it is asked. An answer that is not the bridge's counts as wrong.

    Raises:
        ConnectorError: the bridge could not be asked: that is no try.
    """
    context = floor.context
    with reading(floor.register) as session:
        request = session.get_one(Request, row.request_id)
        bridge = bridges.find(session, context, row.backend_id)
        rows = subjects.identifier_rows(session, request.id)
    if bridge is None or bridge.url != values["url"]:
        raise Misconfigured("the bridge was taken away or set up anew meanwhile")
    question = {"ticket": values["ticket"]}  # not the nonce: who need not know it could repeat it
    try:
        said = _caller(context.settings.webhook_allow).ask(
            bridge, _RESULTS, question, now=floor.now()
        )
    except Unsigned:
        get().warning("network_identity.unsigned", backend_id=bridge.backend_id)
        _tell(floor, bridge.backend_id, Unsigned.code)
        return None
    except ConnectorError as error:
        _tell(floor, bridge.backend_id, error.code)
        raise
    since = datetime.fromisoformat(values["since"])
    what = Asked(values["nonce"], since, floor.now())
    return answers.worth(context, bridge, request, rows, said, what)


def _tell(floor: Floor, backend_id: str, code: str) -> None:
    disturbances.teller(floor.register, disturbances.BRIDGE, floor.now)(backend_id, code)


@cache
def _caller(allow: tuple[str, ...]) -> Bridges:
    """Return what this process asks bridges with: its connections are used again."""
    return Bridges(Guard(allow))
