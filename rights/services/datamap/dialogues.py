"""
Which rows are a dialogue, and what may be trained with it: what a data map may not say.

Source: Interim Measures for Anthropomorphic AI Interaction Services 16; PIPL 29, 47.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rights.domain.datamap import Collection, Conversation, DataMap, Erasure, Field, Role
from rights.domain.policy import trains
from rights.services.datamap.locators import below
from rights.services.datamap.problems import Path, Problem
from rights.services.datamap.walking import collections

_SEPARATE: Final = "write basis: consent and manner: separate under that purpose"
_TRAINING: Final = frozenset({"training", "both"})


def broken(path: Path, collection: Collection) -> Iterator[Problem]:
    """Yield what is wrong with the mark of one collection as a dialogue."""
    said = collection.conversation
    if said is None:
        return
    here = (*path, "conversation")
    if collection.identifies:
        what = "is a conversation, and its rows are people"
        yield Problem(here, what, "mark the collection that holds the messages")
    elif not any(link.role is Role.OWNER for link in collection.links):
        what = "is a conversation in rows that are nobody's own"
        yield Problem(here, what, "add a link with role owner to whoever wrote them")
    if collection.erasure is Erasure.KEEP:
        what = "is a conversation that no deletion removes"
        yield Problem(here, what, "leave erasure: keep out; people delete what they said")
    yield from _columns(here, collection, said)


def _columns(here: Path, collection: Collection, said: Conversation) -> Iterator[Problem]:
    if not collection.key:
        what = "is a conversation without a key, so nobody could name a message"
        yield Problem(here, what, "add key: […] to the collection")
    wanted = [(name, here) for name in collection.key]
    wanted += [(said.session, (*here, "session")), (said.text, (*here, "text"))]
    for name, at in [*wanted, (said.at, (*here, "at"))]:
        if name and name not in collection.disclosed:
            what = f"shows people {name}, which is not a field of the collection that they may see"
            yield Problem(at, what, "list it under fields with disclose: true")
    for name in (*collection.key, said.session):
        if "." in name:
            what = f"names rows by {name}, a value inside another"
            yield Problem(here, what, "name a column of its own")


def trained(datamap: DataMap) -> Iterator[Problem]:
    """Yield each sensitive field of a dialogue, or of what hangs on one, that trains unasked."""
    said = [c for c in datamap.collections if c.conversation]
    confided = {one.path for c in said for one in (c, *below(c, datamap))}
    for path, collection in collections(datamap):
        for index, field in enumerate(collection.fields):
            if collection.path in confided and field.sensitive:
                yield from _field((*path, "fields", index), field, datamap)


def _field(here: Path, field: Field, datamap: DataMap) -> Iterator[Problem]:
    known = (datamap.purposes[name] for name in field.purposes if name in datamap.purposes)
    training = [purpose for purpose in known if trains(purpose)]
    for purpose in training:
        if not purpose.separate:
            what = f"trains a model with what people confide, for {purpose.name}"
            yield Problem((*here, "purposes"), f"{what}, without separate consent", _SEPARATE)
    if field.ai.get("use") in _TRAINING and not training:
        what = "trains a model with what people confide, for no purpose that anybody agreed to"
        remedy = "name a purpose with use: training, basis: consent and manner: separate"
        yield Problem((*here, "ai"), what, remedy)
