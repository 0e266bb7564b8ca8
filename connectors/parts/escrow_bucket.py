"""A bucket with object lock: put and read back, find, hold, and let go."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from connectors.parts.escrow import COMPLIANCE, GOVERNANCE, MODES, Kept, Lock, digest
from connectors.parts.s3_calls import asked, asked_if_there, asked_unless, client, one_by_one
from rights.domain.errors import Misconfigured, Refused, Transient

FRESH: Final = timedelta(hours=1)
"""An object of the same name that is younger may be of a try that broke off: it is used again."""

_LOCKLESS: Final = frozenset(
    {
        "404",
        "MethodNotAllowed",
        "NotImplemented",
        "NoSuchObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError",
    }
)
_DENIED: Final = frozenset({"AccessDenied", "403", "ObjectLocked"})
_NO_OBJECT: Final = frozenset(
    {"404", "405", "MethodNotAllowed", "NoSuchKey", "NoSuchVersion", "NotFound"}
)
_SKEW: Final = timedelta(minutes=10)
"""By which the bucket's clock may be behind ours."""


@dataclass(frozen=True, slots=True)
class EscrowSettings:
    """
    Where the bucket is and how to open it.

    Args:
        prefix: Put before every name.
        mode: ``governance``: whoever has the right to may end a lock early. ``compliance``:
            nobody can, not even the owner of the account.
    """

    bucket: str
    prefix: str = ""
    mode: str = GOVERNANCE
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    path_style: bool = True
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0


class EscrowBucket:
    """The bucket; the connection is made at first use."""

    def __init__(self, settings: EscrowSettings) -> None:
        self._settings = settings
        self._made: Any = None
        self._locks = False

    def close(self) -> None:
        """Close the connection; the next call opens another, and asks about the lock again."""
        if self._made is not None:
            self._made.close()
        self._made, self._locks = None, False

    def ready(self) -> None:
        """
        Make sure that what is put here stays: asked once while connected.

        Raises:
            Misconfigured: the bucket has no object lock, or the mode is none.
        """
        if self._locks:
            return
        if self._settings.mode not in MODES:
            raise Misconfigured(f"escrow_mode is one of {', '.join(MODES)}")
        call = partial(self._client.get_object_lock_configuration, Bucket=self._settings.bucket)
        told = asked_unless(call, _LOCKLESS) or {}
        if told.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") != "Enabled":
            raise Misconfigured(f"the bucket {self._settings.bucket} has no object lock")
        self._locks = True

    def folder(self, holder: str, path: str) -> str:
        """Return what the names of one request's rows of one collection begin with."""
        return f"{self._settings.prefix}{holder}/{path}/"

    def put(self, name: str, sealed: bytes, lock: Lock) -> str:
        """
        Put an object there, make sure that it is there and locked; return its version.

        Raises:
            Refused: it is not what was sent, or it is not locked as was asked.
        """
        sent = {"Key": name, "Body": sealed, "ContentMD5": _md5(sealed), **self._asking(lock)}
        call = partial(self._call, "put_object", **sent)
        version = str(asked(call).get("VersionId", ""))
        found = self._get(name, version)
        if found is None or digest(found[0]) != digest(sealed):
            raise Refused("the bucket does not give back what was put into escrow")
        if not version or not self._covers(found[1], lock):
            raise Misconfigured(
                f"the bucket {self._settings.bucket} does not lock what is put there"
            )
        return version

    def again(self, name: str, lock: Lock) -> tuple[str, bytes] | None:
        """Return version and content of an object put there just now, by a try that broke off."""
        found = self._get(name)
        if found is None or not self._covers(found[1], lock):
            return None
        sealed, told = found
        young = datetime.now(UTC) - told["LastModified"] < FRESH
        return (told["VersionId"], sealed) if young else None

    def get(self, name: str, version: str) -> bytes | None:
        """Return one version's content, or None when it is not there."""
        found = self._get(name, version)
        return found[0] if found else None

    def kept(self, folder: str) -> Iterator[Kept]:
        """Yield every version and delete marker of a folder."""
        paginator = self._client.get_paginator("list_object_versions")
        pages = partial(paginator.paginate, Bucket=self._settings.bucket, Prefix=folder)
        for page in one_by_one(pages):
            for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                yield Kept(entry["Key"], entry["VersionId"], entry["LastModified"])

    def hold(self, one: Kept, *, on: bool) -> None:
        """Put the flag on that keeps a version whatever its lock says, or take it off."""
        status = {"Status": "ON" if on else "OFF"}
        call = partial(self._on(one, "put_object_legal_hold"), LegalHold=status)
        asked_if_there(call)

    def locked(self, one: Kept) -> bool:
        """Return whether nobody can delete a version yet."""
        return self._locked_until(one) is not None

    def drop(self, one: Kept) -> None:
        """
        Delete a version whose hold is over; one that is gone already is deleted.

        Raises:
            Transient: its lock has not quite ended.
            Refused: its lock will not end for long, or our key may not delete.
        """
        if self._deleted(one):
            return
        self.hold(one, on=False)
        if self._deleted(one):
            return
        until = self._locked_until(one)
        if until is None and self._settings.mode == GOVERNANCE:
            if self._deleted(one, BypassGovernanceRetention=True):
                return
            raise Refused("the bucket keeps an object: our key needs s3:BypassGovernanceRetention")
        if until is None:
            raise Refused("the bucket keeps an object whose lock is over: our key may not delete")
        if until <= datetime.now(UTC) + _SKEW:
            raise Transient("the lock of an object in escrow has not quite ended")
        raise Refused(
            f"an object in escrow is locked until {until.date()}, longer than its hold now lasts:"
            " nobody can delete it before"
        )

    # -- calls -----------------------------------------------------------------------------

    @property
    def _client(self) -> Any:
        if self._made is None:
            self._made = asked(lambda: client(self._settings))
        return self._made

    def _call(self, operation: str, **given: Any) -> Any:
        return getattr(self._client, operation)(Bucket=self._settings.bucket, **given)

    def _on(self, one: Kept, operation: str) -> Any:
        return partial(self._call, operation, Key=one.name, VersionId=one.version)

    def _asking(self, lock: Lock) -> dict[str, Any]:
        out: dict[str, Any] = {"ObjectLockLegalHoldStatus": "ON"} if lock.flagged else {}
        if lock.until:
            mode = self._settings.mode.upper()
            out |= {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": lock.until}
        return out

    def _covers(self, told: dict[str, Any], lock: Lock) -> bool:
        """Return whether an object is locked at least as was asked."""
        until, mode = told.get("ObjectLockRetainUntilDate"), self._settings.mode.upper()
        dated = lock.until is None or (
            until is not None and until >= lock.until and told.get("ObjectLockMode") == mode
        )
        return dated and (not lock.flagged or told.get("ObjectLockLegalHoldStatus") == "ON")

    def _get(self, name: str, version: str = "") -> tuple[bytes, dict[str, Any]] | None:
        which = {"VersionId": version} if version else {}
        told = asked_if_there(partial(self._call, "get_object", Key=name, **which))
        if told is None:
            return None
        body = told["Body"]
        try:
            return asked(body.read), told
        finally:
            body.close()

    def _deleted(self, one: Kept, **more: bool) -> bool:
        return asked_unless(partial(self._on(one, "delete_object"), **more), _DENIED) is not None

    def _locked_until(self, one: Kept) -> datetime | None:
        """Return until when nobody at all can delete a version."""
        told = asked_unless(self._on(one, "head_object"), _NO_OBJECT) or {}
        until: datetime | None = told.get("ObjectLockRetainUntilDate")
        strict = told.get("ObjectLockMode") == COMPLIANCE.upper()
        return until if strict and until and until > datetime.now(UTC) else None


def _md5(body: bytes) -> str:
    """Return what S3 asks for with whatever is to be locked, against bytes changed on the way."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
