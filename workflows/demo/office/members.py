"""
The sample members of staff, invited and let in as anybody is: by a link, a password and an app.

What the demo must keep of them is in ``staff.json`` of its folder, for the owner only.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from rights.services.staff_access import accounts
from rights.store.db import open_engine, transaction
from workflows.demo.house.backend import REVIEWER
from workflows.demo.office.clerk import Clerk

APPROVER: Final = "demo-approver"
ADMIN: Final = "demo-admin"
ROLES: Final[Mapping[str, Sequence[str]]] = {
    REVIEWER: ("reviewer", "legal"),
    APPROVER: ("approver", "legal"),
    ADMIN: ("admin",),
}
_FILE: Final = "staff.json"


@dataclass(frozen=True, slots=True)
class Member:
    """
    One member of staff, and what only they know.

    Args:
        secret: Of the authenticator app, as the console showed it.
    """

    name: str
    password: str = field(repr=False)
    secret: str = field(repr=False)


def office(folder: Path, register_url: str, console_url: str, *, now: datetime) -> list[Clerk]:
    """
    Return everybody with a browser of their own; invite them the first time.

    Raises:
        Refused: the console did not let somebody in.
    """
    file = folder / _FILE
    if not file.exists():
        tokens = _invited(register_url, now)
        made = [_let_in(console_url, name, token) for name, token in tokens.items()]
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            json.dump([asdict(one) for one in made], out)
    members = [Member(**one) for one in json.loads(file.read_text())]
    return [Clerk(console_url, one.name, one.password, one.secret) for one in members]


def _invited(register_url: str, now: datetime) -> dict[str, str]:
    """Do what ``rights staff add --invite`` does; return what each link holds."""
    tokens = {}
    engine = open_engine(register_url)
    try:
        with transaction(engine) as session:
            for name, roles in ROLES.items():
                staff = accounts.named(session, name)
                if staff is None:
                    staff = accounts.add(session, name, roles, None, now=now)
                tokens[name] = accounts.invite(session, staff, None, now=now)
    finally:
        engine.dispose()
    return tokens


def _let_in(console_url: str, name: str, token: str) -> Member:
    password = secrets.token_urlsafe(12)
    clerk = Clerk(console_url, name, password)
    clerk.accept(token)
    return Member(name, password, clerk.set_up())
