"""Other people's numbers are found wherever they stand, the person's own never."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights.domain.foreign_values import Sort
from workflows.packages.detecting import WINDOW, Own, find, sliced, windows

MOBILE, EMAIL = "13800138000", "ann@example.com"
OWN = Own([MOBILE, EMAIL, "110105194912310021", "+49 30 901820"])
NOBODY = Own()
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FULL_WIDTH = str.maketrans("0123456789+-@X", "０１２３４５６７８９＋－＠Ｘ")

digits = st.text("0123456789", min_size=1)


def _luhn(body: str) -> str:
    doubled = (int(d) * (2 - n % 2) for n, d in enumerate(reversed(body)))
    return str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


def _check(body: str) -> str:
    return "10X98765432"[sum(w * int(d) for w, d in zip(WEIGHTS, body, strict=True)) % 11]


def _size(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


@st.composite
def mobiles(draw: st.DrawFn) -> str:
    number = "1" + draw(st.sampled_from("3456789")) + draw(_size(9))
    gap = draw(st.sampled_from(["", " ", "-"]))
    prefix = draw(st.sampled_from(["", "+86 ", "86", "0086", "(+86)"]))
    return prefix + gap.join((number[:3], number[3:7], number[7:]))


@st.composite
def national_ids(draw: st.DrawFn) -> str:
    born = draw(st.dates()).replace(year=draw(st.integers(1900, 2026)), day=11)
    body = draw(st.sampled_from("12345678")) + draw(_size(5)) + f"{born:%Y%m%d}" + draw(_size(3))
    return body + _check(body)


@st.composite
def cards(draw: st.DrawFn) -> str:
    body = draw(st.sampled_from(("62", "4", "51", "35", "95", "2221")))
    size = draw(st.sampled_from((16, 17, 19)))
    body += draw(_size(size - 1 - len(body)))
    number = body + _luhn(body)
    gap = draw(st.sampled_from(["", " ", "-"]))
    return gap.join(number[at : at + 4] for at in range(0, len(number), 4))


@st.composite
def emails(draw: st.DrawFn) -> str:
    name = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)
    return f"{draw(name)}@{draw(name)}.{draw(st.sampled_from(['com', 'cn', 'com.cn', 'example']))}"


@st.composite
def phones(draw: st.DrawFn) -> str:
    country = draw(st.sampled_from(["1", "44", "49", "81", "852", "971"]))
    return f"+{country}{draw(st.sampled_from(['', ' ', '-']))}{draw(_size(8))}"


PEOPLE = st.one_of(
    mobiles().map(lambda v: (Sort.MOBILE, v)),
    national_ids().map(lambda v: (Sort.NATIONAL_ID, v)),
    cards().map(lambda v: (Sort.BANK_CARD, v)),
    emails().map(lambda v: (Sort.EMAIL, v)),
    phones().map(lambda v: (Sort.PHONE, v)),
)
around = st.text(st.characters(exclude_categories=["Nd", "Cs"], exclude_characters="+@"))


def _digit_at(text: str) -> bool:
    return bool(text) and text[-1].isdigit()


def _covers(text: str, at: int, value: str, own: Own = NOBODY) -> bool:
    return any(hit.start <= at and hit.end >= at + len(value) for hit in find(text, own))


@given(around, PEOPLE, around, st.booleans())
def test_a_number_of_somebody_else_is_found_in_any_text(
    before: str,
    person: tuple[Sort, str],
    after: str,
    wide: bool,  # noqa: FBT001 - drawn
) -> None:
    sort, value = person
    value = value.translate(FULL_WIDTH) if wide and sort is not Sort.EMAIL else value
    text = f"{before}{value}{after}"

    assert _covers(text, len(before), value)


@given(st.text("一二三你好的，。 :"), PEOPLE, PEOPLE)
def test_two_numbers_in_chinese_text_are_both_found(
    between: str, one: tuple[Sort, str], other: tuple[Sort, str]
) -> None:
    text = f"请联系{one[1]}，{between}或者{other[1]}谢谢"

    assert _covers(text, 3, one[1])
    assert _covers(text, text.rindex(other[1]), other[1])


@given(national_ids(), st.integers(1, 10))
def test_an_identity_number_with_a_wrong_check_digit_is_none(number: str, off: int) -> None:
    place = "10X98765432".index(number[-1])
    wrong = number[:-1] + "10X98765432"[(place + off) % 11]

    assert [h for h in find(f"编号{wrong}。", NOBODY) if h.sort is not Sort.MOBILE] == []


@given(cards(), st.integers(1, 9))
def test_a_card_with_a_wrong_check_digit_is_none(number: str, off: int) -> None:
    plain = number.replace(" ", "").replace("-", "")
    wrong = plain[:-1] + str((int(plain[-1]) + off) % 10)

    assert [h for h in find(f"order {wrong}.", NOBODY) if h.sort is Sort.BANK_CARD] == []


@pytest.mark.parametrize(
    "spelt",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 138 0013 8000",
        "008613800138000",
        "１３８００１３８０００",
        "(+86)13800138000",
        "Ann@Example.COM",
        "ann＠example.com",
        "110105-19491231-0021",
        "110105194912310021",
        "110105 19491231 0021",
        "+49 30 901820",
        "+49 (30) 90-18-20",
        "+4930901820",
    ],
)
@given(st.text("一二三你好的，。 :/()"), st.text("一二三你好的，。 :/()"))
def test_what_is_the_persons_own_is_never_a_hit(spelt: str, before: str, after: str) -> None:
    assert find(f"{before}{spelt}{after}", OWN) == []


@given(PEOPLE)
def test_the_own_stays_beside_somebody_elses(person: tuple[Sort, str]) -> None:
    text = f"{MOBILE}，{EMAIL}，{person[1]}"
    hits = find(text, OWN)

    assert len(hits) == 1 or person[1] in (MOBILE, EMAIL)
    assert all(hit.start > len(MOBILE) + len(EMAIL) for hit in hits)


@pytest.mark.parametrize(
    "harmless",
    [
        "2026-11-22 10:30:00.123456",
        "2026-11-22T10:30:00Z",
        "20261122123456789012",
        "order 2026112212345678",
        "550e8400-e29b-41d4-a716-446655440000",
        "192.168.100.200",
        "1,000,000,000.00",
        "15 16 17 18 19 20 21",
        "4008-111-111",
        "@小明 你好",
        "a @ b",
        "1750000000000000000",
        "+100 points",
        "sizes 36-38-40-42",
    ],
)
def test_what_only_looks_like_a_number_is_left(harmless: str) -> None:
    assert find(harmless, NOBODY) == []


@settings(deadline=None)
@given(
    st.lists(st.one_of(around, PEOPLE.map(lambda p: f" {p[1]} ")), max_size=6),
    st.integers(1, 50),
    st.integers(1, 4000),
)
def test_a_stream_is_the_same_text_with_the_same_hits_however_it_is_cut(
    parts: list[str], times: int, step: int
) -> None:
    text = ("".join(parts) + "，") * times
    text += "x" * (WINDOW // 2) + "，".join(parts) + "y" * WINDOW + "".join(parts)
    cut = [text[at : at + step * 20] for at in range(0, len(text), step * 20)]

    pieces = list(windows(cut, NOBODY))

    assert "".join(piece for piece, _ in pieces) == text
    at, found = 0, []
    for piece, hits in pieces:
        found += [(at + h.start, at + h.end) for h in hits]
        at += len(piece)
    assert found == [(h.start, h.end) for h in find(text, NOBODY)]


HOSTILE = {
    "digits": "1",
    "spaced digits": "1 ",
    "groups of a card": "4444 ",
    "halves of a mobile number": "138 0013 800 ",
    "identity numbers that are none": "110105 19491231 0022 ",
    "signs": "@",
    "addresses without end": "a@a.",
    "addresses that are none": "a@",
    "a long word": "a",
    "plus signs": "+1 ",
    "dashes": "+1-",
    "Chinese": "你１",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_time_in_proportion_to_its_length(name: str) -> None:
    def seconds(size: int) -> float:
        text = (HOSTILE[name] * size)[:size]
        best = 9.0
        for _ in range(3):
            start = time.process_time()
            find(text, OWN)
            best = min(best, time.process_time() - start)
        return best

    short, long = seconds(40_000), seconds(320_000)

    assert long < 8 * max(short, 0.002) * 4
    assert long < 3


def test_slices_are_the_text() -> None:
    text = "0123456789" * 20_000

    assert "".join(sliced(text)) == text
