"""What somebody asks for whose account number was proved: handed in beside the web process."""

from __future__ import annotations

from rights.domain.datamap import DataMap
from rights.domain.kinds import Kind, Option, default_option
from rights.domain.levels import Acr
from rights.services import subjects
from rights.services.intake import Submission


def proved(
    datamap: DataMap, kind: Kind, person: int | str, option: Option | None = None
) -> Submission:
    """Return a submission of the person with this account number, who needs no other proof."""
    identifiers = subjects.cleaned(datamap, {"user_id": str(person)})
    return Submission(
        kind=kind,
        option=option or default_option(kind),
        identifiers=identifiers,
        attested=frozenset(identifiers),
        acr=Acr.REAL_NAME,
        operator=True,
        notify=False,
    )
