"""
Other people's numbers and addresses in text: found, compared with the person's own.

Found are what names one person wherever it stands: Chinese mobile numbers, national identity
numbers whose check digit agrees (GB 11643), payment cards whose check digit agrees (ISO/IEC 7812)
and that begin as cards do, e-mail addresses, and international phone numbers. Full-width and
other digits count as digits; a number may be grouped as people group it. Names are not found.

Time grows with the length of the text and nothing else: no pattern repeats what repeats, and
what a pattern proposes is looked at once.

Source: NDSR 25(1)(4); PIPL 10; Civil Code 1032-1034.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from rights.domain.foreign_values import Sort, folded, form_of, plain
from rights.domain.identifiers import normalise


class Hit(NamedTuple):
    """A place in a text; ``value`` is what stands there, as it stands there."""

    start: int
    end: int
    sort: Sort
    value: str


LONGEST_HIT: Final = 320
"""Characters that one number or address can take up: what a stream is cut with in sight."""

WINDOW: Final = 64 * 1024
"""Characters that are looked at together."""

_MAYBE: Final = re.compile(
    "[@\uff20\ufe6b+\uff0b\\d](?:(?<!\\d)|(?:[\\s.\u2010-\u2015\u2212\uff0d\uff0e-]?\\d){10})"
)
MAYBE: Final = _MAYBE.search
"""Tell at once, of most texts, that there is nothing to find in them."""

SHORTEST: Final = 5
"""Characters of the shortest thing that is found: ``a@b.c``."""

_EMAIL: Final = re.compile(r"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_JOINTS: Final = "._%+-"
_LOCAL: Final = string.ascii_letters + string.digits + _JOINTS
_LONGEST_LOCAL: Final = 64
_MOBILE: Final = re.compile(
    r"(?<![0-9])(?:(?:\+|00)?86[ .-]?|\(\+?86\) ?)?"
    r"1[3-9][0-9](?:"
    r"[ .-]?[0-9]{4}[ .-]?[0-9]{4}"
    r"|[0-9][ .-](?:[0-9]{3}[ .-]?[0-9]{4}|[0-9]{4}[ .-][0-9]{3})"
    r"|[ .-][0-9]{3}[ .-][0-9]{5}"
    r"|[0-9]{2}[ .-][0-9]{6}"
    r"|[0-9]{3}[ .-][0-9]{5}"
    r")(?![0-9])"
)
_NATIONAL_ID: Final = re.compile(
    r"(?<![0-9])[1-9][0-9]{5}[ -]?(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    r"[ -]?[0-9]{3}[0-9Xx](?![0-9])"
)
_CARD: Final = re.compile(
    r"(?<![0-9])(?=((?:[4-69]|2[2-7]|3[0-9])[0-9]{2,3}"
    r"(?:[ .-]?[0-9]{4}[ .-]?[0-9]{4}[ .-]?[0-9]{4}"
    r"|[ .-]?[0-9]{6}[ .-]?[0-9]{4,5}"
    r"|[0-9]{2}[ .-][0-9]{8,13}))([ .-]?[0-9]{1,4})?(?![0-9]))"
)
_PHONE: Final = re.compile(r"\+ ?[1-9](?:[ ./()-]{0,2}[0-9]){7,14}(?![0-9])")
_APART: Final = re.compile(r"(?<=[0-9])[^0-9]")
_DIGITS: Final = re.compile(r"[^0-9]")
_CARD_LENGTHS: Final = range(14, 20)
_SHORT_CARDS: Final = {14: ("30", "36", "38", "39"), 15: ("34", "37")}
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")


class Own:
    """
    What is known to be the person's, in every form in which it is compared.

    Args:
        values: Their identifiers.
        released: Tells of a form of anything else whether staff found it to be theirs.
    """

    def __init__(
        self, values: Iterable[str] = (), *, released: Callable[[str], bool] | None = None
    ) -> None:
        self._released = released
        self._forms = frozenset(
            form
            for value in values
            for form in (normalise(value, "email"), normalise(value, "e164"), plain(value))
            if form
        )

    def __contains__(self, hit: Hit) -> bool:
        form = form_of(hit.sort, hit.value)
        return form in self._forms or (self._released is not None and self._released(form))

    def __bool__(self) -> bool:
        return bool(self._forms) or self._released is not None


def find(text: str, own: Own) -> list[Hit]:
    """
    Return what in *text* is somebody else's, in order and without overlap.

    What is the person's own is never part of a hit: a number that is theirs stays, whatever
    longer one could be read around it.
    """
    if not _MAYBE.search(text):
        return []
    found = sorted(_candidates(folded(text), own), key=lambda hit: (hit.start, -hit.end))
    mine = [hit for hit in found if own and hit in own]
    return _apart(_without(found, mine), text)


def whole(text: str, hits: list[Hit]) -> bool:
    """Tell whether one hit is all that *text* says."""
    return len(hits) == 1 and hits[0].value.strip() == text.strip()


def windows(texts: Iterable[str], own: Own) -> Iterator[tuple[str, list[Hit]]]:
    """
    Yield a stream of text again, piece by piece, each with the hits in it.

    A hit is never cut, and the memory this takes is that of one piece.
    """
    held, seen = "", 0
    for text in texts:
        held += text
        if len(held) < WINDOW:
            continue
        found = [h for h in find(held, own) if seen <= h.start < len(held) - LONGEST_HIT]
        cut = max(len(held) - LONGEST_HIT, found[-1].end if found else 0)
        yield _piece(held, seen, cut, found)
        # What stands before a number decides whether it is one: some of it is kept in sight.
        seen = min(cut, LONGEST_HIT)
        held = held[cut - seen :]
    yield _piece(held, seen, len(held), [h for h in find(held, own) if h.start >= seen])


def sliced(text: str) -> Iterator[str]:
    """Cut a long text for :func:`windows`."""
    return (text[at : at + WINDOW] for at in range(0, len(text), WINDOW))


def _piece(held: str, seen: int, cut: int, found: list[Hit]) -> tuple[str, list[Hit]]:
    moved = [h._replace(start=h.start - seen, end=h.end - seen) for h in found]
    return held[seen:cut], moved


def _candidates(text: str, own: Own) -> Iterator[Hit]:
    if "@" in text:
        yield from _emails(text)
    for found in _MOBILE.finditer(text):
        yield _hit(found.start(), found.end(), Sort.MOBILE, text)
    for found in _NATIONAL_ID.finditer(text):
        if _is_national_id(found[0]):
            yield _hit(found.start(), found.end(), Sort.NATIONAL_ID, text)
    yield from _cards(text)
    if "+" in text:
        yield from _phones(text, own)


def _hit(start: int, end: int, sort: Sort, text: str) -> Hit:
    return Hit(start, end, sort, text[start:end])


def _emails(text: str) -> Iterator[Hit]:
    """Begin at the sign in the middle: a run without one is never looked at."""
    for found in _EMAIL.finditer(text):
        at = found.start()
        before = text[max(0, at - _LONGEST_LOCAL) : at]
        local = len(before[len(before.rstrip(_LOCAL)) :].lstrip(_JOINTS))
        if local:
            end = found.end() - (len(found[0]) - len(found[0].rstrip("-")))
            yield _hit(at - local, end, Sort.EMAIL, text)


def _cards(text: str) -> Iterator[Hit]:
    done = 0
    for found in _CARD.finditer(text):
        start = found.start()
        if start < done or _NATIONAL_ID.match(text, start):
            continue  # what is written as an identity number is that, or nothing
        main, more = found[1], found[2] or ""
        # What follows after a space may be a last group, or a word of its own.
        if not _is_card(main + more):
            if not more or more[0].isdigit() or not _is_card(main):
                continue
            more = ""
        done = start + len(main) + len(more)
        yield _hit(start, done, Sort.BANK_CARD, text)


def _phones(text: str, own: Own) -> Iterator[Hit]:
    for found in _PHONE.finditer(text):
        start = found.start()
        hit = _hit(start, found.end(), Sort.PHONE, text)
        if own:
            shorter = (_hit(start, start + end, Sort.PHONE, text) for end in _ends(found[0]))
            hit = next((h for h in shorter if h in own), hit)
        yield hit


def _ends(text: str) -> Iterator[int]:
    """Yield where a number of several groups may end, the whole of it first."""
    yield len(text)
    yield from reversed([m.start() for m in _APART.finditer(text)])


def _is_national_id(text: str) -> bool:
    digits = plain(text)
    total = sum(w * int(d) for w, d in zip(_WEIGHTS, digits, strict=False))
    return digits[-1] == _CHECKS[total % 11]


def _is_card(text: str) -> bool:
    digits = _DIGITS.sub("", text)
    size = len(digits)
    if size not in _CARD_LENGTHS or not digits.startswith(_SHORT_CARDS.get(size, ("",))):
        return False
    backwards = digits.encode()[::-1]
    return (sum(backwards[::2]) + sum(backwards[1::2].translate(_DOUBLED)) - 48 * size) % 10 == 0


def _without(found: list[Hit], mine: list[Hit]) -> Iterator[Hit]:
    """Yield the hits that touch nothing of the person's; both lists are in order."""
    place = 0
    for hit in found:
        while place < len(mine) and mine[place].end <= hit.start:
            place += 1
        if place == len(mine) or mine[place].start >= hit.end:
            yield hit


def _apart(found: Iterable[Hit], text: str) -> list[Hit]:
    """Join hits that overlap: what either covers is covered; the first one names it."""
    out: list[Hit] = []
    start, end, sort = 0, 0, Sort.EMAIL
    for hit in found:
        if hit.start < end:
            end = max(end, hit.end)
            continue
        if end:
            out.append(_hit(start, end, sort, text))
        start, end, sort = hit.start, hit.end, hit.sort
    return [*out, _hit(start, end, sort, text)] if end else out
