"""By which methods the rows of one step are anonymised, made sure of before any is touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.parts.fates import overridden
from connectors.parts.methods import why_not
from connectors.sdk import Connector, Target, Work
from rights.domain.datamap import Erasure
from rights.domain.errors import Misconfigured


def methods(rows: Iterable[tuple[Connector, Target, Work]]) -> dict[str, list[str]]:
    """
    Return path to the methods that its store uses there; only of what is anonymised.

    Raises:
        Misconfigured: a store would hash or replace values by others that lead back to them.
            Such a row is not anonymised, so nothing is begun.
    """
    found = {}
    for connector, target, work in rows:
        if _anonymised(target, work):
            ask = getattr(connector, "methods", None)
            names = ask(target, work) if ask else connector.manifest.anonymises
            found[target.collection.path] = sorted(names)
    wrong = sorted({why for names in found.values() for n in names if (why := why_not(n))})
    if wrong:
        error = Misconfigured(f"this is not anonymising: {'; '.join(wrong)}")
        error.code = "not_anonymised"
        raise error
    return found


def _anonymised(target: Target, work: Work) -> bool:
    collection = target.collection
    partly = collection.erasure is Erasure.KEEP and bool(overridden(collection, collection.key))
    return work.anonymise or collection.erasure is Erasure.ANONYMISE or partly


def used(found: Mapping[str, list[str]], affected: Mapping[str, int]) -> dict[str, list[str]]:
    """Return those of collections in which anything was changed."""
    return {path: names for path, names in found.items() if affected.get(path)}
