"""Where a stranger's URL may lead, and where it may not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rights.domain.errors import ConfigError, Refused, Transient
from rights.net import Guard, Resolver


def at(*addresses: str) -> Resolver:
    def resolve(_: str, __: int) -> Sequence[str]:
        return addresses

    return resolve


BLOCKED = {
    "0.0.0.0": "unspecified",  # noqa: S104 - refused, not bound to
    "10.1.2.3": "private",
    "100.64.0.1": "shared",
    "100.100.100.200": "metadata",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "169.254.1.1": "link-local",
    "169.254.169.254": "metadata",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.192": "metadata",
    "192.0.2.1": "reserved",
    "192.88.99.1": "reserved",
    "192.168.1.1": "private",
    "198.18.0.1": "private",
    "198.51.100.1": "reserved",
    "203.0.113.1": "reserved",
    "224.0.0.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "168.63.129.16": "metadata",
    "::": "unspecified",
    "::1": "loopback",
    "::7f00:1": "reserved",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:10.0.0.1": "private",
    "::ffff:169.254.169.254": "metadata",
    "64:ff9b::7f00:1": "loopback",
    "64:ff9b::a9fe:a9fe": "metadata",
    "64:ff9b:1::1": "reserved",
    "2001::1": "reserved",
    "2001:db8::1": "reserved",
    "2002:7f00:1::1": "reserved",
    "3fff::1": "reserved",
    "5f00::1": "reserved",
    "fc00::1": "private",
    "fd00:ec2::254": "metadata",
    "fe80::1": "link-local",
    "fe80::1%lo": "link-local",
    "fec0::1": "private",
    "ff02::1": "multicast",
}


@pytest.mark.parametrize(("address", "word"), BLOCKED.items())
def test_a_name_at_a_special_address_is_refused_with_the_reason(address: str, word: str) -> None:
    with pytest.raises(Refused, match=word):
        Guard(resolver=at(address)).check("https://shop.example/x")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"]
)
def test_a_name_at_a_public_address_is_let_through(address: str) -> None:
    assert Guard(resolver=at(address)).check("https://shop.example/x").addresses == (address,)


def test_one_bad_address_among_good_ones_is_enough_to_refuse() -> None:
    with pytest.raises(Refused, match="private"):
        Guard(resolver=at("8.8.8.8", "10.0.0.1")).check("https://shop.example")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]"]
)
def test_every_spelling_of_this_machine_is_refused(host: str) -> None:
    with pytest.raises(Refused, match="loopback"):
        Guard().check(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/",
        "file:///etc/passwd",
        "gopher://shop.example/",
        "//shop.example/",
        "shop.example",
        "",
        "https://",
        "https:///x",
        "https://user@shop.example/",
        "https://user:secret@shop.example/",
        "https://shop.example@127.0.0.1/",
        "https://shop.example/#part",
        "https://shop.example#",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://shop.example:x/",
        "https://shop.example\\@127.0.0.1/",
        "https://shop.example/a b",
        "https://shop.example/a\r\nHost: other",
        "https://shop.example/\x00",
        "https://sh\u00f6p.example/",
        "https://shop\u2024example/",
        "https://-shop.example/",
        "https://shop..example/",
        "https://%31%32%37.0.0.1/",
        "https://[::1/",
        "https://[zz]/",
        "https://shop.example/" + "a" * 5000,
    ],
)
def test_a_malformed_url_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        Guard(resolver=at("8.8.8.8")).check(url)


def test_plain_http_is_refused_unless_the_host_is_allowed() -> None:
    with pytest.raises(Refused, match="https"):
        Guard(resolver=at("8.8.8.8")).check("http://shop.example/")


def test_an_allowed_name_may_be_private_and_plain() -> None:
    guard = Guard(("Recommender.internal:8080",), resolver=at("10.0.0.7"))

    assert guard.check("http://recommender.INTERNAL.:8080/x").addresses == ("10.0.0.7",)


def test_an_allowed_name_is_allowed_on_its_port_only() -> None:
    guard = Guard(("recommender.internal:8080",), resolver=at("10.0.0.7"))

    with pytest.raises(Refused, match="private"):
        guard.check("https://recommender.internal:8081/")


@pytest.mark.parametrize("address", ["169.254.169.254", "169.254.1.1", "224.0.0.1", "fe80::1"])
def test_naming_a_host_never_opens_metadata_or_link_local(address: str) -> None:
    guard = Guard(("recommender.internal:443",), resolver=at(address))

    with pytest.raises(Refused):
        guard.check("https://recommender.internal/")


def test_an_allowed_network_opens_what_is_in_it_and_nothing_beside() -> None:
    inside = Guard(("10.1.0.0/16", "fd00::/8"), resolver=at("10.1.2.3", "fd00::7"))
    beside = Guard(("10.1.0.0/16",), resolver=at("10.2.0.1"))

    assert inside.check("http://any.example/").port == 80
    with pytest.raises(Refused, match="private"):
        beside.check("http://any.example/")


def test_a_mapped_address_is_judged_by_the_network_it_stands_for() -> None:
    guard = Guard(("10.1.0.0/16",), resolver=at("::ffff:10.1.2.3"))

    assert guard.check("http://any.example/").port == 80


@pytest.mark.parametrize(
    "entry",
    ["", "shop.example", "10.0.0.1/8", "http://x:80", "x:99999", "a@b:1", "*:80", "x:80/y/z"],
)
def test_an_allow_list_that_cannot_be_read_is_a_configuration_error(entry: str) -> None:
    with pytest.raises(ConfigError, match="allow-list"):
        Guard((entry,))


def test_a_name_that_does_not_resolve_may_resolve_later() -> None:
    def nowhere(_: str, __: int) -> Sequence[str]:
        raise OSError

    with pytest.raises(Transient):
        Guard(resolver=nowhere).check("https://shop.example/")


def test_a_refusal_names_the_host_and_neither_path_nor_query() -> None:
    with pytest.raises(Refused) as refused:
        Guard(resolver=at("10.0.0.1")).check(
            "https://shop.example/ann@example.org?phone=13800000000"
        )

    assert "shop.example:443" in str(refused.value)
    assert "ann" not in str(refused.value) and "138" not in str(refused.value)


def test_a_destination_does_not_show_its_path() -> None:
    place = Guard(resolver=at("8.8.8.8")).check("https://shop.example/ann?x=1")

    assert place.target == "/ann?x=1"
    assert "ann" not in repr(place)
