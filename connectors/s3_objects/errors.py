"""What boto says went wrong, as what happens next. Keys are personal data: no message has one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from connectors.sdk import ConnectorError, Misconfigured, Overloaded, Refused, Transient
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

    def or_none() -> T | None:
        try:
            return question()
        except ClientError as error:
            if _code(error) in _GONE:
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
