"""
What a database error means for the step.

Drivers put values into their messages (``Key (email)=(…) already exists``), so nothing of them
is passed on: only codes are read, and names of tables, columns and constraints.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import exc

from connectors.sdk import ConnectorError, Misconfigured, Overloaded, Refused, Transient

P = ParamSpec("P")
T = TypeVar("T")

_PG_TRANSIENT = ("08", "40", "53", "57", "58")
_PG_MISCONFIGURED = ("28", "3D", "3F", "42", "0A")
_PG_REFUSED = ("22", "23", "44")
_PLAN_CHANGED = "0A000"
"""PostgreSQL's word for a prepared statement whose table was altered."""

_PG_EXACT: dict[str, type[ConnectorError]] = {
    **dict.fromkeys(("55P03", "40P01", "40001"), Overloaded),  # locks
    **dict.fromkeys(("53200", "53300", "53400"), Overloaded),  # memory, connections, limits
    "25006": Misconfigured,
    _PLAN_CHANGED: Transient,
}
_LOCKED = frozenset({"55P03", "40P01", "40001", "1205", "1206", "1213"})
"""Codes of locks that were waited for in vain, on either server."""

_MYSQL_TRANSIENT = frozenset(
    {1053, 1158, 1159, 1160, 1161, 1180, 1290, 1317, 1412, 1969, 2002, 2003, 2006, 2013, 2055, 3024}
)
_MYSQL_OVERLOADED = frozenset({1040, 1203, 1205, 1206, 1213, 1226})  # connections and locks
_MYSQL_MISCONFIGURED = frozenset(
    {1044, 1045, 1046, 1049, 1054, 1064, 1109, 1130, 1142, 1143, 1146, 1227, 1305, 1370, 1698}
)
_SQLITE: dict[int, type[ConnectorError]] = {
    **dict.fromkeys((5, 6), Overloaded),  # busy, locked
    **dict.fromkeys((7, 9, 10, 13, 15, 17), Transient),  # memory, i/o, full, schema
    **dict.fromkeys((1, 3, 8, 11, 14, 23, 26), Misconfigured),  # SQL, read-only, no such file
    **dict.fromkeys((18, 19, 20), Refused),  # too big, constraint, mismatch
}
_ADVICE: dict[type[ConnectorError], str] = {
    Transient: "the database is not available or is busy; it is tried again",
    Overloaded: "the database is busy: a lock or a connection was waited for in vain; it is tried"
    " again",
    Misconfigured: "the database knows no such user, database, table or column, or does not"
    " allow it; check the store's settings and run 'rights datamap check'",
    Refused: "the database refused the change",
}
_TOO_MANY = re.compile(r"too many (clients|connections)|remaining connection slots")
_REFUSED_AT_LOGIN = re.compile(
    r"authentication failed|does not exist|no pg_hba|no password supplied|not permitted to log in"
    r"|permission denied|is not allowed to connect"
)
_MYSQL_CONSTRAINT = re.compile(r"fails \(`[^`]*`\.`([^`]+)`, CONSTRAINT `([^`]+)`")


def explain(error: exc.SQLAlchemyError, where: str) -> ConnectorError:
    """
    Return what *error* means, said without any value.

    Args:
        where: The collection's path or the verb, for the message.
    """
    if isinstance(error, exc.DBAPIError):
        kind = _kind(error)
        named = _named(error.orig) if kind is Refused else ""
        code = _code(error.orig)
        said = f"{where}: {_ADVICE[kind]}{named}{f' (code {code})' if code else ''}"
        if kind is Overloaded:
            return Overloaded(said, reason=_reason(code))
        return kind(said)
    if isinstance(error, exc.TimeoutError):
        return Transient(f"{where}: no free connection to the database; it is tried again")
    if isinstance(error, exc.NoSuchTableError):
        return Misconfigured(f"{where}: there is no such table; run 'rights datamap check'")
    return Misconfigured(f"{where}: the settings or the data map do not fit the database")


def guarded(verb: Callable[P, T]) -> Callable[P, T]:
    """
    Turn database errors of a verb into connector errors.

    The new error is raised after the handler has ended, so that the driver's message does not
    travel along as its context.
    """

    @functools.wraps(verb)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return verb(*args, **kwargs)
        except exc.SQLAlchemyError as error:
            failure = _failed(error, verb.__name__, args)
        raise failure

    return call


def guarded_stream(verb: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """Do the same for a verb that is a generator."""

    @functools.wraps(verb)
    def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        try:
            yield from verb(*args, **kwargs)
        except exc.SQLAlchemyError as error:
            failure = _failed(error, verb.__name__, args)
        else:
            return
        raise failure

    return call


def _failed(error: exc.SQLAlchemyError, verb: str, args: tuple[Any, ...]) -> ConnectorError:
    """Explain *error*; when the schema may have changed under us, look at it anew next time."""
    failure = explain(error, _where(verb, args))
    changed = isinstance(error, exc.DBAPIError) and _code(error.orig) == _PLAN_CHANGED
    if changed or isinstance(failure, Misconfigured):
        args[0].close_connections()
    return failure


def _where(verb: str, args: tuple[Any, ...]) -> str:
    for arg in args:
        collection = getattr(arg, "collection", arg)
        path = getattr(collection, "path", None)
        if isinstance(path, str):
            return path
    return verb


def _kind(error: exc.DBAPIError) -> type[ConnectorError]:
    orig = error.orig
    if type(orig).__module__.startswith("pymysql"):
        return _by_number(orig)  # its states are too coarse: a lock that was waited for is HY000
    state = getattr(orig, "sqlstate", None)
    if state:
        return _by_state(state)
    number = getattr(orig, "sqlite_errorcode", None)
    if number is not None:
        return _SQLITE.get(number & 0xFF, Misconfigured)
    if isinstance(error, exc.OperationalError | exc.InterfaceError):
        # a connection that never came up carries no code, only the server's words
        if _TOO_MANY.search(str(orig)):
            return Overloaded
        return Misconfigured if _REFUSED_AT_LOGIN.search(str(orig)) else Transient
    return Refused if isinstance(error, exc.IntegrityError | exc.DataError) else Misconfigured


def _by_state(state: str) -> type[ConnectorError]:
    if state in _PG_EXACT:
        return _PG_EXACT[state]
    if state.startswith(_PG_TRANSIENT):
        return Transient
    return Refused if state.startswith(_PG_REFUSED) else Misconfigured


def _by_number(orig: BaseException | None) -> type[ConnectorError]:
    number = orig.args[0] if orig is not None and orig.args else 0
    if number in _MYSQL_OVERLOADED:
        return Overloaded
    if number in _MYSQL_TRANSIENT or number == 0:  # 0: the socket went away
        return Transient
    return Misconfigured if number in _MYSQL_MISCONFIGURED else Refused


def _reason(code: str) -> str:
    return (
        "locks"
        if code in _LOCKED or code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
        else "connections"
    )


def _code(orig: BaseException | None) -> str:
    if type(orig).__module__.startswith("pymysql"):
        return str(orig.args[0]) if orig is not None and orig.args and orig.args[0] else ""
    state = getattr(orig, "sqlstate", None) or getattr(orig, "sqlite_errorname", None)
    if state:
        return str(state)
    first = orig.args[0] if orig is not None and orig.args else ""
    return str(first) if isinstance(first, int) else ""


def _named(orig: BaseException | None) -> str:
    """Return the table and constraint a refusal is about, where the driver tells."""
    diag = getattr(orig, "diag", None)
    if diag is not None:
        parts = (
            ("table", diag.table_name),
            ("column", diag.column_name),
            ("constraint", diag.constraint_name),
        )
        return "".join(f", {word} {name}" for word, name in parts if name)
    match = _MYSQL_CONSTRAINT.search(str(orig))
    return f", table {match[1]}, constraint {match[2]}" if match else ""
