"""Texts of the data map that some of its readers would meet in a language not theirs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from rights.domain.datamap import Collection, DataMap, Store
from workflows.findings import Finding, warning


def one_language(datamap: DataMap) -> Iterator[Finding]:
    """Yield a warning for each such text, once; none where the map speaks one language anyway."""
    if not _titled(datamap):
        return
    places: dict[str, list[str]] = {}
    for place, text in chain.from_iterable(_store(s) for s in datamap):
        if text and text not in datamap.chinese:
            places.setdefault(text, []).append(place)
    for first, *more in places.values():
        also = f"; it stands in {len(more) + 1} places" if more else ""
        what = f"people read this, and it is in one language only{also}"
        yield warning(first, what, "write {zh: …, en: …}")


def _titled(datamap: DataMap) -> bool:
    titles = (one.title for some in (datamap, datamap.collections) for one in some)
    return bool(datamap.purposes) or any(titles)


def _store(store: Store) -> Iterator[tuple[str, str]]:
    yield f"{store.name}.horizon.by", store.horizon_by
    for to in store.recipients:
        here = f"{store.name}.recipients[{to.name}]"
        yield f"{here}.purpose", to.purpose
        yield f"{here}.method", to.method
        yield f"{here}.condition", to.condition
    for collection in store.collections:
        yield from _collection(collection)


def _collection(collection: Collection) -> Iterator[tuple[str, str]]:
    path, rule = collection.path, collection.retention
    yield f"{path}.because", collection.because
    yield f"{path}.retention.basis", rule.basis if rule else ""
    for field in collection.fields:
        yield f"{path}.{field.name}.because", field.because
        if field.correct:
            yield f"{path}.{field.name}.correct.because", field.correct.because
    for index, link in enumerate(collection.links):
        yield f"{path}.links[{index}].because", link.because
