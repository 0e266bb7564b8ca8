"""What was done about the organisation's own duties, and what its data map declared when."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class DutyTerm(SQLModel, table=True):
    """
    One day on which a duty falls due: what was done, and how far staff were told.

    Args:
        due: The organisation's own day.
        done_on: The day on which it was done; empty while it is open.
        reference: Of the document that shows it; no personal data.
        done_by: ``staff:<id>``.
        told: The last thing staff were told of it: ``soon``, ``overdue``, or nothing yet.
        mailed: They were written of that too.
    """

    __tablename__ = "duty_term"

    duty: str = Field(primary_key=True, max_length=60)
    due: date = Field(primary_key=True)
    done_on: date | None = None
    reference: str = Field(default="", max_length=200)
    done_by: str = Field(default="", max_length=40)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    told: str = Field(default="", max_length=8)
    mailed: bool = False


class DeclaredMap(SQLModel, table=True):
    """
    What the data map declared from a moment on: where data lies, and to whom it is given.

    Args:
        hash: Of the whole map, as requests and plans name it.
        stores: As :func:`rights.services.organisation.declared_maps.declared` writes them.
        since: When a relay first ran with it; the one before held until then.
    """

    __tablename__ = "declared_map"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    hash: str = Field(max_length=64)
    stores: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    since: datetime = Field(sa_type=UtcDateTime, index=True)
