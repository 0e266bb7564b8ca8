"""How many statements the register sees for one request, from hand-in to the end."""

from __future__ import annotations

from typing import Any
from unittest import mock

import psycopg
from sqlalchemy import event

from bench import queue
from bench.house import House
from rights.domain.kinds import Kind
from rights.settings import Settings
from workflows.building import floor_for, parts_for
from workflows.jobs import work_on


def of_one(at: House, kind: Kind, person: int) -> float:
    """Run one request in this process, after two that warm it up; count its statements."""
    settings = Settings(
        database_url=at.register,
        redis_url=at.env["RIGHTS_REDIS_URL"],
        blobs_url=at.env["RIGHTS_BLOBS_URL"],
        keys=at.env["RIGHTS_KEYS"],
        signing_key=at.env["RIGHTS_SIGNING_KEY"],
        datamap=at.folder / "map.yaml",
    )
    floor = floor_for(parts_for(settings), worker="bench", environ=at.env)
    desk = queue.Desk(floor.register, floor.context, floor.now)
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(floor.register, "before_cursor_execute", note)
    # Rows that are written together go to the driver past the engine: they are counted there.
    straight = psycopg.RawCursor.execute

    def counted(cursor: psycopg.RawCursor[Any], *given: Any, **more: Any) -> Any:
        seen.append(str(given[0]))
        return straight(cursor, *given, **more)

    with mock.patch.object(psycopg.RawCursor, "execute", counted):
        for turn in range(3):
            seen.clear()
            (request_id,) = desk.hand_in(kind, [person + turn])
            work_on(floor, request_id)
    if not desk.closed([request_id]):  # a count is only of use then
        raise RuntimeError("the counted request did not end")
    return float(len(seen))
