"""How far the clock of a request was told of, what made it longer, and when it stood still."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class RequestClock(SQLModel, table=True):
    """
    What staff were told of one request's clock; there is none before the first time.

    Args:
        stage: The last share of its time, in percent, that stands in its trail.
        told_at: When that was. A clock that was ahead may have told it: then it does not count.
        mailed: The last one that staff were written of; ``hooked``: that went to their webhooks.
        idle_at: When staff were told last that nobody had touched it; empty for never.
        idle_mailed, idle_hooked: They were written of that too, and their webhooks told.
    """

    __tablename__ = "request_clock"
    __table_args__ = (
        Index(
            "ix_request_clock_unhooked",
            "told_at",
            postgresql_where=text("hooked < stage OR NOT idle_hooked"),
            sqlite_where=text("hooked < stage OR NOT idle_hooked"),
        ),
    )

    request_id: str = Field(primary_key=True, max_length=32)
    stage: int = 0
    mailed: int = 0
    hooked: int = 0
    told_at: datetime = Field(sa_type=UtcDateTime)
    idle_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    idle_mailed: bool = True
    idle_hooked: bool = True


class Alert(SQLModel, table=True):
    """
    What staff were told of beside the stages of a request's own clock.

    Args:
        about: The request, appeal or complaint whose time it is.
        what: ``acknowledgement``, ``target``, ``appeal`` or ``complaint``.
        request_id: The request that it belongs to; empty for a complaint about none.
        stage: How much of the time was used up when it was told of, in percent.
        mailed: The last stage that staff were written of; ``hooked``: that went to their webhooks.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "ix_alert_unhooked",
            "told_at",
            postgresql_where=text("hooked < stage"),
            sqlite_where=text("hooked < stage"),
        ),
        Index(
            "ix_alert_unmailed",
            "told_at",
            postgresql_where=text("mailed < stage"),
            sqlite_where=text("mailed < stage"),
        ),
    )

    about: str = Field(primary_key=True, max_length=32)
    what: str = Field(primary_key=True, max_length=20)
    request_id: str = Field(default="", max_length=32, index=True)
    stage: int
    told_at: datetime = Field(sa_type=UtcDateTime)
    mailed: int = 0
    hooked: int = 0


class ExtensionRow(SQLModel, table=True):
    """
    More time that staff took for a request; it counts once the person was told of it in time.

    Args:
        reason: A code that the law names.
        said_id: The sealed words for the person (``Writing``).
        asked_by: ``staff:<id>``.
        notice_id: The notice that tells the person.
        state: ``waiting`` for it to be sent; ``effective``; ``void``: it was not sent in time.
        first_due_at: What was promised before, and until when the person has to be told.
        due_at, promised_at: What we keep and what is promised once it counts.
        settled_at: When it came to count, or not to.
    """

    __tablename__ = "extension"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    reason: str = Field(max_length=60)
    said_id: str = Field(max_length=32)
    asked_by: str = Field(max_length=40)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    notice_id: str = Field(max_length=32, index=True)
    state: str = Field(default="waiting", max_length=12)
    first_due_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    promised_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ClockPause(SQLModel, table=True):
    """
    A time in which the clock of a request stood still, because the person was waited for.

    Args:
        cause: ``identity``, ``identity_doubt`` or ``clarification``.
        began_by: ``staff:<id>``.
        ended_at: Empty while it lasts.
        ended_by: What ended it: ``staff``, ``answered`` or ``closed``.
        counted_at: When its days were added to the promise; none may have been.
    """

    __tablename__ = "clock_pause"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    request_id: str = Field(max_length=32, index=True)
    cause: str = Field(max_length=24)
    began_by: str = Field(max_length=40)
    began_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str = Field(default="", max_length=12)
    counted_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class ScheduleWarning(SQLModel, table=True):
    """
    That staff were told of a year whose working days are not loaded.

    Args:
        place: The name of the counting that needs them.
        mailed: They were written of it.
    """

    __tablename__ = "schedule_warning"

    place: str = Field(primary_key=True, max_length=40)
    year: int = Field(primary_key=True)
    warned_at: datetime = Field(sa_type=UtcDateTime)
    mailed: bool = False
