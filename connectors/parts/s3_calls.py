"""
Calls to an object store: the client, and what boto says went wrong as what happens next.

Keys are personal data: no message has one.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any, Protocol, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from rights.domain.errors import (
    ConnectorError,
    Misconfigured,
    Overloaded,
    Refused,
    Transient,
)
from rights.failpoints import Point, hit

T = TypeVar("T")

_BUSY = frozenset(
    {
        "InternalError",
        "OperationAborted",
        "PreconditionFailed",  # changed while we read it: the next try reads the new one
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "TooManyRequests",
    }
)
_OURS_TO_REPEAT = frozenset({"PreconditionFailed", "OperationAborted", "RequestTimeTooSkewed"})
"""Of those: what says nothing about how much the store has to do."""

_OURS = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "IllegalLocationConstraintException",
        "InvalidAccessKeyId",
        "InvalidBucketName",
        "InvalidToken",
        "NoSuchBucket",
        "NotImplemented",
        "PermanentRedirect",
        "SignatureDoesNotMatch",
    }
)
_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NoSuchUpload", "NotFound"})


class Door(Protocol):
    """How a bucket is opened: the part of a connector's settings that says so."""

    @property
    def endpoint(self) -> str:
        """Empty for AWS."""

    @property
    def region(self) -> str:
        """The region that requests are signed for."""

    @property
    def access_key(self) -> str:
        """Empty for what the machine itself has (a role, say)."""

    @property
    def secret_key(self) -> str:
        """Empty like it."""

    @property
    def path_style(self) -> bool:
        """The bucket in the path instead of the host name."""

    @property
    def connect_timeout_s(self) -> float:
        """Seconds to wait for a connection."""

    @property
    def read_timeout_s(self) -> float:
        """Seconds to wait for an answer."""


def client(door: Door) -> Any:
    """Return a client; nothing is connected to yet."""
    style = "path" if door.path_style else "auto"
    return boto3.session.Session().client(
        "s3",
        endpoint_url=door.endpoint or None,
        region_name=door.region,
        aws_access_key_id=door.access_key or None,
        aws_secret_access_key=door.secret_key or None,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": style},
            connect_timeout=door.connect_timeout_s,
            read_timeout=door.read_timeout_s,
            retries={"mode": "standard", "max_attempts": 3},
            # Stores that are not AWS do not all know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def asked(question: Callable[[], T]) -> T:
    """
    Return what *question* returns; turn boto's errors into ours.

    Ours are raised after boto's have been let go, not from them: what boto says when a
    connection fails quotes the address, and there the key is.
    """
    hit(Point.OBJECTS_BEFORE)
    try:
        answer = question()
    except ClientError as error:
        failed: ConnectorError = _of(error)
    except (BotoConnectionError, HTTPClientError):
        failed = Transient("the object store could not be reached or broke off")
    except BotoCoreError as error:
        name = type(error).__name__
        failed = Misconfigured(f"the object store's settings do not work ({name})")
    else:
        hit(Point.OBJECTS_AFTER)
        return answer
    raise failed


def asked_if_there(question: Callable[[], T]) -> T | None:
    """Return what *question* returns, or None when what it is about has gone."""
    return asked_unless(question, _GONE)


def asked_unless(question: Callable[[], T], codes: Container[str]) -> T | None:
    """Return what *question* returns, or None when the store answers with one of *codes*."""

    def or_none() -> T | None:
        try:
            return question()
        except ClientError as error:
            if _code(error) in codes:
                return None
            raise

    return asked(or_none)


def one_by_one(pages: Callable[[], Iterable[T]]) -> Iterator[T]:
    """Yield what *pages* yields; every step of it is asked."""
    steps = asked(lambda: iter(pages()))
    while (step := asked(lambda: next(steps, None))) is not None:
        yield step


def by_code(code: str, status: int, operation: str) -> ConnectorError:
    """Return the error for one code of the store's."""
    said = f"({operation}: {code or status})"
    if code in _OURS or status in {301, 307, 401, 403, 501}:
        return Misconfigured(
            f"the object store refuses our key, or does not know the bucket or the call {said}"
        )
    if code in _BUSY or status >= 500 or status == 429:  # noqa: PLR2004
        kind = Transient if code in _OURS_TO_REPEAT else Overloaded
        return kind(f"the object store is busy {said}")
    return Refused(f"the object store refused {said}")


def _of(error: ClientError) -> ConnectorError:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return by_code(_code(error), status, error.operation_name)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
