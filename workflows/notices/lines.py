"""
The outcome in words: one item for each line of the receipt, none left out, none added.

Source: PIPL 50; compliance audit guide item 17(2) (complete and accurate outcome).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rights.domain.actions import Action
from rights.domain.datamap import Collection, Erasure
from rights.domain.kinds import Option
from rights.domain.texts import grounds
from rights.services import exemptions
from rights.services.reasons import catalogue as reasons
from workflows.notices.facts import Facts
from workflows.notices.words import Words
from workflows.packages.words import word

_PERIOD: Final = re.compile(r"(\d+)([dwmy])")

Line = Mapping[str, Any]


def items(facts: Facts) -> Iterator[str]:
    """Return every line of the outcome as a sentence or two, with its code."""
    for line in facts.receipt.get("outcome", ()):
        say = facts.words
        told = say.join(list(_sentences(facts, line)))
        code = say.say("parts", "code", code=code_of(line))
        yield f"{_title(facts, line)}{say.say('colon')}{told}{code}"


def code_of(line: Line) -> str:
    """Return the code that says most: a reason, ``held``, ``no_data`` or ``done``."""
    if line["missing"]:
        return str(line["missing"])
    if line["retained"]:
        return str(line.get("hold") or "held")
    touched = line["affected"] or line["decorrelated"] or line["action"] in _NOTHING_IS_DONE
    touched = touched or line.get("by_hand", False)
    return "done" if touched else "no_data"


_NOTHING_IS_DONE: Final = {
    Action.SUPPRESS,
    Action.REVIEW,
    Action.CLOSE,
    Action.CORRECT,
    Action.CHOOSE,
}
"""Actions that are done even where there was nothing left to change."""


def _sentences(facts: Facts, line: Line) -> Iterator[str]:
    say, collection = facts.words, _collection(facts, line)
    action = _action(facts, line, collection)
    if line["affected"] or (action == Action.REVIEW and not line["missing"]):
        yield say.say("lines", action, "done", count=_count(say, line["affected"], line))
    yield from _others(facts, line)
    if line["retained"]:
        yield from _held(facts, line, collection)
    if line["missing"]:
        yield from _missing(facts, line)
        if line.get("until") and not line["retained"]:
            yield say.say("parts", "review_day", day=line["until"])
    elif line.get("by_hand"):
        yield say.say("parts", "by_hand")
    elif code_of(line) == "no_data" or not _anything(line):
        yield say.say("lines", action, "none")


def _others(facts: Facts, line: Line) -> Iterator[str]:
    """Say what is other people's: rows that stay theirs, passages that a copy leaves out."""
    say, path = facts.words, f"{line['store']}.{line['collection']}"
    if line["action"] == Action.COLLECT and path in facts.withheld:
        yield say.say("parts", "withheld", count=facts.withheld[path])
    if line["decorrelated"]:
        yield say.say("parts", "cut", count=_count(say, line["decorrelated"]))


def _anything(line: Line) -> bool:
    counted = line["affected"] or line["decorrelated"] or line["retained"]
    return bool(counted) or line["action"] == Action.REVIEW


def _action(facts: Facts, line: Line, collection: Collection | None) -> str:
    if line["action"] != Action.ERASE:
        return str(line["action"])
    whole = facts.request.option is Option.ANONYMISE
    by_map = collection is not None and collection.erasure is Erasure.ANONYMISE
    return "anonymise" if whole or by_map else "erase"


def _held(facts: Facts, line: Line, collection: Collection | None) -> Iterator[str]:
    say = facts.words
    datamap, rule = facts.context.datamap, collection.retention if collection else None
    known = {*datamap.chinese, rule.basis} if rule else datamap.chinese
    found = grounds(line["because"], known)
    told = say.listed([_ground(facts, ground) for ground in found])
    values = {"count": _count(say, line["retained"]), "ground": told}
    if collection and rule and rule.from_ and rule.basis in found:
        until = _until(say, collection, rule.period, rule.from_)
        yield say.say("parts", "held_until", **values, until=until)
    else:
        yield say.say("parts", "held", **values)
    if line.get("until"):
        yield say.say("parts", "until_day", day=line["until"])
    yield from _exempt(facts, line)
    if collection and collection.restriction:
        yield say.say("parts", "restricted")


def _exempt(facts: Facts, line: Line) -> Iterator[str]:
    """Say the exception of the law by which rows stay, as the receipt names it; often none."""
    say, laws = facts.words, facts.request.regimes
    for one in exemptions.of(line.get("hold", ""), laws, facts.context.regimes):
        if one.code in line.get("exempt", ()):
            basis = say.laws([say.either(law) for law in one.laws])
            yield say.say("parts", "exempt", reason=say.either(one.texts), basis=basis)


def _ground(facts: Facts, ground: str) -> str:
    """Say a ground: one of ours, or a text of the data map."""
    say = facts.words
    return say.find("grounds", ground) or say.either(facts.context.datamap.text(ground))


def _until(say: Words, collection: Collection, period: str, column: str) -> str:
    field = collection.field(column)
    name = say.either(field.title, column) if field else column
    found = _PERIOD.fullmatch(period)
    told = say.say("parts", "period", found[2], count=found[1]) if found else period
    return say.say("parts", "until", field=name, period=_singular(told))


def _singular(told: str) -> str:
    return told.removesuffix("s") if told.startswith("1 ") else told


def _missing(facts: Facts, line: Line) -> Iterator[str]:
    """Why something was not done: the reason, the law, and what staff say."""
    say, code = facts.words, line["missing"]
    known = reasons().get(code)
    reason = say.either(known.texts) if known else code
    reading = line["action"] in (Action.COLLECT, Action.COUNT)
    yield say.say("parts", "not_given" if reading else "not_done", reason=reason)
    if basis := basis_of(facts, code):
        yield say.say("parts", "basis", basis=basis)
    if line["because"] and not line["retained"]:
        yield say.say("parts", "note", note=say.either(facts.context.datamap.text(line["because"])))


def basis_of(facts: Facts, code: str) -> str:
    """Return the laws behind a reason, under those the request is handled under."""
    known = reasons().get(code)
    bases = known.bases(facts.request.regimes) if known else []
    return facts.words.laws([facts.words.either(texts) for texts in bases])


def _count(say: Words, number: int, line: Line | None = None) -> str:
    about = "at_least" if line is not None and line.get("at_least") else "exactly"
    return say.say("count", about, count=number)


def _collection(facts: Facts, line: Line) -> Collection | None:
    path = f"{line['store']}.{line['collection'].partition('#')[0]}"
    return next((c for c in facts.context.datamap.collections if c.path == path), None)


def _title(facts: Facts, line: Line) -> str:
    """Name the collection as the data map does, else by the categories of what is in it."""
    say, collection = facts.words, _collection(facts, line)
    name, _, switch = line["collection"].partition("#")
    if switch:
        return _switch(facts, switch)
    if not line["store"]:
        return say.say("parts", "review")
    store = next((s for s in facts.context.datamap if s.name == line["store"]), None)
    first = say.either(store.title, store.name) if store else line["store"]
    second = _name(say, collection) if collection else name
    return f"{first} · {second}" if second else str(first)


def _name(say: Words, collection: Collection) -> str:
    if title := say.either(collection.title):
        return title
    seen = dict.fromkeys(f.category for f in collection.fields if f.disclose)
    told = [word("categories", category)[0 if say.chinese else 1] for category in seen]
    return say.listed(told[:3]) or collection.name


def _switch(facts: Facts, name: str) -> str:
    say = facts.words
    if told := say.find("switches", name):
        return told
    purpose = name.removeprefix("purpose:")
    known = facts.context.datamap.purposes.get(purpose)
    title = say.either(known.title, purpose) if known else purpose
    return say.say("switches", "purpose", purpose=title)
