"""Which rows a rule keeps, in SQL; ``connectors/parts/retention.py`` says it in Python."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from connectors.parts.retention import cutoff
from connectors.sdk import Erasure, Misconfigured
from connectors.sql.facts import column
from connectors.sql.keysets import Condition
from connectors.sql.predicates import NEVER, Rows

CUTOFF = "rights_cutoff"
"""The parameter that takes the moment after which a row is held."""

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def held(rows: Rows) -> Condition:
    """
    Return "a rule keeps this row".

    Raises:
        Misconfigured: the column that the period counts from holds no date.
    """
    collection = rows.target.collection
    if collection.erasure is Erasure.KEEP:
        return sa.true()
    rule = collection.retention
    if rule and rule.with_:
        return rows.held_above()
    if rule is None or cutoff(collection, _ANY_TIME) is None:
        return NEVER
    since = column(rows.table, rule.from_, rows.path)
    lite = rows.dialect == "sqlite"  # which has no type for them: most keep text
    dated = isinstance(since.type, sa.DateTime | sa.Date)
    if not dated and not (lite and isinstance(since.type, sa.String | sa.types.NullType)):
        raise Misconfigured(f"{rows.path}: retention counts from {rule.from_}, which holds no date")
    unread = sa.func.datetime(since) if lite else since  # no date we can read: it stays
    return sa.or_(unread.is_(None), _later(since, rows.dialect))


def _later(since: sa.Column[Any], dialect: str) -> Condition:
    after = sa.bindparam(CUTOFF, type_=sa.DateTime())
    if dialect == "sqlite":  # one spelling for every way a date may be written there
        return sa.func.datetime(since) > sa.func.datetime(after)
    if dialect == "postgresql" and getattr(since.type, "timezone", False):
        return since > sa.func.timezone("UTC", after)
    return since > after
