"""What was done about the organisation's own duties."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime


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
