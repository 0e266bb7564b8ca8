"""
The written denial: a document with reason, law, facts and ways out, to keep and to show.

Nothing in it is typed anew: it says what the register says, in the language of the request.

Source: Minors Regulation 34(1)(3); PIPL 50; GDPR 12(4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session

from rights import yaml_file
from rights.domain.errors import NotFound
from rights.domain.products import PRODUCTS
from rights.services import catalogue, denials, not_me, notes
from rights.services.context import Context
from rights.store.models import Request

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "denial_letter.yaml"


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = yaml_file.read(_FILE)
    return found


def document(session: Session, context: Context, request: Request) -> str:
    """
    Return the denial of *request* as a page of its own: reason, law and ways out.

    With the facts that staff wrote only where enough was proved for the request and nobody says
    that it was not them: they may tell what is held about whom the request is about.

    Raises:
        NotFound: it was not denied.
    """
    said = denials.shown(context, request)
    if said is None:
        raise NotFound("this request was not denied, so there is no letter about it")
    locale = "en" if request.locale == "en" else "zh-CN"
    facts = _facts_told(session, context, request)
    body = "\n".join(_parts(context, request, said, facts, locale))
    title = escape(_say("title", locale))
    return (
        f'<!doctype html>\n<html lang="{locale}"><head><meta charset="utf-8">'
        f"<title>{title}</title></head><body>\n<h1>{title}</h1>\n{body}\n</body></html>\n"
    )


def _facts_told(session: Session, context: Context, request: Request) -> list[str]:
    if request.level < request.level_needed or not_me.stopped(request):
        return []
    return [str(one) for one in notes.read(session, context.vault, request.id, notes.ANSWER)]


def _parts(
    context: Context, request: Request, said: Mapping[str, Any], facts: list[str], locale: str
) -> Iterator[str]:
    company = context.datamap.controller.get("name", {})
    name = _either(company, locale) if isinstance(company, Mapping) else str(company)
    yield f"<p>{escape(_say('opening', locale).format(company=name))}</p>\n<dl>"
    for label, value in _facts(context, request, locale):
        yield f"<dt>{escape(_say(label, locale))}</dt><dd>{escape(value)}</dd>"
    yield "</dl>"
    yield from _section("reason", [said["text"][locale]], locale)
    yield from _section("facts", facts, locale)
    yield from _section("basis", [one[locale] for one in said["basis"]], locale)
    ways = [f"{one['text'][locale]} {one['time'][locale]}" for one in said["remedies"]]
    yield from _section("remedies", ways, locale)
    yield from _section("offers", [one["text"][locale] for one in said["offers"]], locale)
    contact = str(context.datamap.controller.get("dpo_contact", ""))
    yield from _section("contact", [contact] if contact else [], locale)


def _facts(context: Context, request: Request, locale: str) -> Iterator[tuple[str, str]]:
    zone = context.regimes[request.regimes[0]].counting.zone
    kind = catalogue.words()["kinds"][request.kind]
    asked = f"{kind['title'][locale]}: {kind['options'][request.option][locale]}"
    yield "reference", request.id
    yield "asked", asked
    if scope := "、".join(_scope(context, request, locale)):
        yield "about", scope if locale != "en" else scope.replace("、", ", ")
    yield "received", request.received_at.astimezone(zone).date().isoformat()
    if request.closed_at is not None:
        yield "decided", request.closed_at.astimezone(zone).date().isoformat()


def _scope(context: Context, request: Request, locale: str) -> Iterator[str]:
    """Yield which part of their data the person asked about, where they named one."""
    parameters, datamap = request.parameters, context.datamap
    titles = {
        "categories": catalogue.categories(),
        "purposes": {name: one.title for name, one in datamap.purposes.items()},
        PRODUCTS: datamap.products,
    }
    for name, known in titles.items():
        for code in parameters.get(name, ()):
            yield _either(known.get(code) or {}, locale, code)


def _section(name: str, texts: list[str], locale: str) -> Iterator[str]:
    if texts:
        lines = "".join(f"<li>{escape(text)}</li>" for text in texts)
        yield f"<h2>{escape(_say(name, locale))}</h2>\n<ul>{lines}</ul>"


def _say(name: str, locale: str) -> str:
    return _either(_words()[name], locale)


def _either(texts: Mapping[str, str], locale: str, otherwise: str = "") -> str:
    return texts.get("en" if locale == "en" else "zh") or otherwise
