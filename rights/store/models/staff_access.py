"""How members of staff sign in, and who is signed in right now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, text
from sqlmodel import Field, SQLModel

from rights.store.columns import UtcDateTime
from rights.store.ids import new_id


class StaffLogin(SQLModel, table=True):
    """
    How one member of staff proves who they are; no row: they have no way in yet.

    Args:
        password: An Argon2id hash with its parameters; empty for whom a provider signs in.
        totp: The sealed secret of an authenticator app; empty until one is set up.
        totp_step: The step of the last code that was taken: none is good twice.
        recovery: SHA-256 of the codes on paper that were not used yet.
        tries, code_tries: Wrong passwords, and wrong codes, in a row.
        account: SHA-256 of the account at the staff's provider; empty for a local account.
    """

    __tablename__ = "staff_login"
    __table_args__ = (
        Index(
            "ux_staff_login_account",
            "account",
            unique=True,
            sqlite_where=text("account <> ''"),
            postgresql_where=text("account <> ''"),
        ),
    )

    staff_id: str = Field(primary_key=True, max_length=32)
    password: str = Field(default="", max_length=200)
    password_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    totp: bytes = b""
    totp_step: int = 0
    recovery: list[str] = Field(default_factory=list, sa_type=JSON)
    tries: int = 0
    blocked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    code_tries: int = 0
    code_blocked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    account: str = Field(default="", max_length=80)


class StaffPasskey(SQLModel, table=True):
    """
    A passkey of one member of staff.

    Args:
        credential: Blind index of its id.
        sealed: The name its owner gave it, its id, and how a browser reaches it.
        public_key: As COSE has it; it opens nothing.
        sign_count: How often it says it was used; zero where it does not count.
    """

    __tablename__ = "staff_passkey"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    staff_id: str = Field(max_length=32, index=True)
    credential: str = Field(max_length=80, unique=True)
    sealed: bytes
    public_key: bytes
    sign_count: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StaffInvitation(SQLModel, table=True):
    """
    A link with which somebody sets their password, once.

    Args:
        id: SHA-256 of what the link holds.
        made_by: ``staff:<id>``, or ``operator`` for the command line.
    """

    __tablename__ = "staff_invitation"

    id: str = Field(primary_key=True, max_length=64)
    staff_id: str = Field(max_length=32, index=True)
    made_by: str = Field(max_length=60)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class StaffSession(SQLModel, table=True):
    """
    One member of staff in one browser.

    Args:
        id: SHA-256 of what the cookie holds; the register alone opens nothing.
        stage: ``code`` while the second factor is asked for, ``set_up`` while there is none yet,
            ``full`` afterwards.
        agent: What the browser calls itself, for the list that its owner looks at.
        pending: The sealed secret of an app that is being set up.
        seen_at: When it was last used, to the minute.
        proved_at: When a password or code was last given in it.
    """

    __tablename__ = "staff_session"

    id: str = Field(primary_key=True, max_length=64)
    public_id: str = Field(default_factory=new_id, max_length=32, unique=True)
    staff_id: str = Field(max_length=32, index=True)
    stage: str = Field(max_length=8)
    agent: str = Field(default="", max_length=160)
    pending: bytes = b""
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    proved_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class SavedView(SQLModel, table=True):
    """A list of requests that somebody keeps: its filters, as they stand in the address."""

    __tablename__ = "saved_view"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=32)
    staff_id: str = Field(max_length=32, index=True)
    name: str = Field(max_length=60)
    query: str = Field(max_length=1000)
    created_at: datetime = Field(sa_type=UtcDateTime)


class Assignment(SQLModel, table=True):
    """Whose work a request is. Who has it decides nothing by that: roles do."""

    __tablename__ = "assignment"

    request_id: str = Field(primary_key=True, max_length=32)
    staff_id: str = Field(max_length=32, index=True)
    assigned_by: str = Field(max_length=60)
    assigned_at: datetime = Field(sa_type=UtcDateTime)


class Figures(SQLModel, table=True):
    """What the console's pictures show, counted now and then. Codes and numbers only."""

    __tablename__ = "figures"

    name: str = Field(primary_key=True, max_length=40)
    body: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    made_at: datetime = Field(sa_type=UtcDateTime)
