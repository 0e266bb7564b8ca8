"""What a row's columns hold once an effect has happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.parts.types import Change, Expect
from rights.domain.datamap import Collection, Scalar, Switch
from rights.domain.errors import Misconfigured


def wanted(
    collection: Collection,
    expect: Expect,
    changes: Iterable[Change] = (),
    switch: Switch | None = None,
) -> Mapping[str, Scalar]:
    """
    Return column and value for every effect but an erasure.

    Raises:
        Misconfigured: the data map does not say how this effect is made there.
    """
    if expect in (Expect.CORRECTED, Expect.ADDED):
        return {change.column: change.value for change in changes}
    if expect is Expect.SUPPRESSED and switch is not None:
        return {switch.column: switch.off}
    if expect is Expect.CLOSED and collection.close:
        return dict(collection.close)
    rule = collection.restriction
    if expect is Expect.RESTRICTED and rule and rule.strategy == "flag" and rule.column:
        return {rule.column: rule.value}
    raise Misconfigured(f"{collection.path}: the data map does not say how it is {expect}")
