"""A view of what was taken out of a copy: opened by a worker, for the console, which cannot."""

from __future__ import annotations

from itertools import islice
from typing import Any

from rights.domain.errors import Refused, RightsError
from rights.services import redaction_desk, redaction_views, staff_views
from rights.store.db import reading
from rights.store.models import Lookup
from workflows.floor import Floor


def view(floor: Floor, row: Lookup) -> dict[str, Any]:
    """
    Return the values of one view, numbered as they are on the command line.

    Raises:
        Refused: the copy is not there any more, or is not what was written.
    """
    about = staff_views.about(floor.context, row)
    try:
        with reading(floor.register) as session:
            package, place = redaction_desk.place(session, row.request_id)
        if (package.id, place) != (about["package"], about["place"]):
            raise Refused("the copy that was asked about is not there any more")
        lines = redaction_desk.lines(floor.context, floor.blobs, package, place)
        start, page = about["start"], redaction_views.PAGE
        found = list(islice(lines, start, start + page + 1))
    except RightsError as error:
        raise Refused(str(error)) from error
    return {"rows": found[:page], "more": len(found) > page}
