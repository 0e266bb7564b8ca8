"""What was done, as the receipt says it, in the words of its reader."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
from sqlmodel import Session

from rights.services import reasons, recipients_told
from rights.services.words import Words
from rights.store.models import ReceiptRow, Request
from rights.web.parts import parts
from rights.web.portal import pages
from rights.web.portal.words import category


def lines(receipt: ReceiptRow) -> list[dict[str, Any]]:
    """Return one line per collection and action; texts of the map in the reader's language."""
    body = orjson.loads(receipt.body)
    chinese = body.get("zh") or {}
    return [_line(one, chinese) for one in body["outcome"]]


def recipients(session: Session, found: Request) -> list[dict[str, str]]:
    """Return who was told of what was done, who was not and why, and who is yet to be."""
    words, every = pages.said(), recipients_told.of_request(session, parts().context, found)
    return [
        {
            "name": one.name,
            "said": words.say("told_recipient", one.outcome),
            "at": pages.day(one.at, found) if one.at else "",
            "because": one.because,
        }
        for one in every
    ]


def _line(said: Mapping[str, Any], chinese: Mapping[str, str]) -> dict[str, Any]:
    words = pages.said()
    happened = [words.find("happened", name) or name for name in said["happened"]]
    return {
        "what": _collection(words, said["store"], said["collection"]),
        "categories": words.listed([category(words, name) for name in said["categories"]]),
        "happened": words.listed(happened),
        "count": words.number(said["affected"]) if said["affected"] else "",
        "kept": _kept(words, said, chinese),
        "exempt": _exempt(words, said),
        "missing": _missing(words, said),
        "law": words.laws([words.either(one) for one in said.get("law", ())]),
    }


def _collection(words: Words, store: str, name: str) -> str:
    try:
        known = parts().context.datamap.collection(f"{store}.{name}")
    except KeyError:  # the map has changed since: the receipt has not
        return f"{store}.{name}"
    return words.either(known.title, name)


def _kept(words: Words, said: Mapping[str, Any], chinese: Mapping[str, str]) -> str:
    if not said["retained"]:
        return ""
    because = said["because"] or ""
    shown = chinese.get(because, because) if words.chinese else because
    until = words.day(date.fromisoformat(said["until"][:10])) if said.get("until") else ""
    key = "kept_until" if until else "kept"
    return words.say("outcome", key, count=words.number(said["retained"]), because=shown, day=until)


def _exempt(words: Words, said: Mapping[str, Any]) -> str:
    """Return the exceptions of the law by which rows stay; empty where the receipt names none."""
    known = [reasons.catalogue().get(code) for code in said.get("exempt", ())]
    return words.listed([words.either(one.texts) for one in known if one])


def _missing(words: Words, said: Mapping[str, Any]) -> str:
    code = said.get("missing") or ""
    if not code:
        return ""
    known = reasons.catalogue().get(code)
    texts = known.texts if known else {}
    return words.find("outcome", "missing", code) or words.either(texts, code)
