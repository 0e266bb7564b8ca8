"""The Merkle tree, against the test vectors of Certificate Transparency."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.merkle import root, salted

_INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def _by_definition(values: list[bytes]) -> bytes:
    """The recursion of the RFC, word for word."""
    if not values:
        return hashlib.sha256().digest()
    if len(values) == 1:
        return hashlib.sha256(b"\0" + values[0]).digest()
    split = 1
    while split * 2 < len(values):
        split *= 2
    halves = _by_definition(values[:split]), _by_definition(values[split:])
    return hashlib.sha256(b"\1" + halves[0] + halves[1]).digest()


@pytest.mark.parametrize("size", _ROOTS)
def test_the_published_vectors_come_out(size: int) -> None:
    assert root(_INPUTS[:size]).hex() == _ROOTS[size]


@given(st.lists(st.binary(max_size=8), max_size=40))
def test_the_root_is_that_of_the_definition(values: list[bytes]) -> None:
    assert root(iter(values)) == _by_definition(values)


@given(st.lists(st.binary(max_size=4), min_size=2, max_size=20, unique=True))
def test_order_matters(values: list[bytes]) -> None:
    roots = [root(values[i:] + values[:i]) for i in range(2)]

    assert all(one != other for one, other in pairwise(roots))


@given(st.binary(min_size=32, max_size=32), st.lists(st.binary(max_size=8), max_size=20))
def test_without_the_salt_a_root_tells_nothing_of_its_values(
    salt: bytes, values: list[bytes]
) -> None:
    covered = list(salted(salt, values))

    assert [c[32:] for c in covered] == values
    assert len({c[:32] for c in covered}) == len(values)  # equal values do not look equal
    assert covered == list(salted(salt, values))
    if values:
        assert root(covered) != root(values)
        assert root(covered) != root(salted(bytes(31) + b"?", values)) or salt == bytes(31) + b"?"
