import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.identifiers import normalise, plausible

_ADDRESSES = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "HTTPS", "ftp", ""]),
    st.text(max_size=8),
    st.sampled_from(["", ":80", ":443", ":80:80"]),
    st.text(max_size=12),
)


@pytest.mark.parametrize(
    ("value", "how", "expected"),
    [
        (" Xiao.Ming@Example.COM ", "email", "xiao.ming@example.com"),
        ("ｘｍ＠ｅｘａｍｐｌｅ．ｃｏｍ", "email", "xm@example.com"),
        ("13800138000", "e164", "+8613800138000"),
        ("138 0013-8000", "e164", "+8613800138000"),
        ("8613800138000", "e164", "+8613800138000"),
        ("+86 138 0013 8000", "e164", "+8613800138000"),
        ("0086 13800138000", "e164", "+8613800138000"),
        ("＋８６１３８００１３８０００", "e164", "+8613800138000"),
        ("+44 (20) 7946-0958", "e164", "+442079460958"),
        ("12800138000", "e164", "12800138000"),
        ("021-5555 1234", "e164", "02155551234"),
        ("+", "e164", ""),
        ("00", "e164", ""),
        ("no number", "e164", ""),
        (" Device-ABC ", "lower", "device-abc"),
        (" U-001 ", "", "U-001"),
        (" HTTPS://Blog.Example:443/@Zoe?x=Y#top", "url", "https://blog.example/@Zoe?x=Y"),
        ("http://blog.example", "url", "http://blog.example/"),
        ("http://blog.example:8080?x=1", "url", "http://blog.example:8080/?x=1"),
        ("ｈｔｔｐｓ：／／例子.example／人", "url", "https://例子.example/人"),
        ("blog.example/@zoe", "url", "blog.example/@zoe"),
    ],
)
def test_two_spellings_of_one_identifier_become_the_same(
    value: str, how: str, expected: str
) -> None:
    assert normalise(value, how) == expected


@given(st.text(max_size=40) | _ADDRESSES, st.sampled_from(["", "email", "e164", "lower", "url"]))
def test_normalising_never_fails_and_changes_nothing_the_second_time(value: str, how: str) -> None:
    once = normalise(value, how)

    assert normalise(once, how) == once


def test_an_unknown_way_is_the_map_makers_mistake() -> None:
    with pytest.raises(ValueError, match="e164"):
        normalise("x", "soundex")


@pytest.mark.parametrize(
    ("value", "how"),
    [
        ("a@example.com", "email"),
        ("13800138000", "e164"),
        ("U-1", ""),
        ("https://blog.example/@zoe", "url"),
    ],
)
def test_what_looks_like_an_identifier_may_be_one(value: str, how: str) -> None:
    assert plausible(value, how)


@pytest.mark.parametrize(
    ("value", "how"),
    [
        ("a b@example.com", "email"),
        ("a@b@example.com", "email"),
        ("a@example.com\nBcc: b@example.com", "email"),
        ("example.com", "email"),
        ("12345", "e164"),
        ("+0123456789", "e164"),
        ("", ""),
        ("x" * 321, ""),
        ("a\x00b", "lower"),
        ("blog.example/@zoe", "url"),
        ("https:///@zoe", "url"),
        ("https://user:word@blog.example/", "url"),
        ("javascript://blog.example/", "url"),
        ("https://blog example/", "url"),
    ],
)
def test_what_cannot_be_an_identifier_is_told_apart(value: str, how: str) -> None:
    assert not plausible(value, how)
