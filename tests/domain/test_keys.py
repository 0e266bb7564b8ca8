"""Key sets: merging keeps the stronger standing, and copies no large set without need."""

from __future__ import annotations

from rights.domain.keys import KeySet, Standing

MANY = tuple((n,) for n in range(2_000))


def test_merging_keeps_the_stronger_standing_and_each_key_once() -> None:
    one = KeySet({"a": {Standing.SEEN: ((1,), (2,))}})
    other = KeySet({"a": {Standing.SOLE: ((2,), (3,))}, "b": {Standing.SHARED: ((4,),)}})

    both = one.merged(other)

    assert both.keys("a", Standing.SOLE) == ((2,), (3,))
    assert both.keys("a", Standing.SEEN) == ((1,),)
    assert both.keys("b") == ((4,),)
    assert len(both) == 4


def test_a_large_set_beside_others_is_not_copied() -> None:
    large = KeySet({"a": {Standing.SOLE: MANY, Standing.SEEN: ()}})

    for both in (large.merged(KeySet({"b": {Standing.SOLE: ((1,),)}})), KeySet().merged(large)):
        assert both.keys("a") is MANY
        assert both.keys("a", Standing.SEEN) == ()


def test_a_large_set_is_merged_with_its_like() -> None:
    large = KeySet({"a": {Standing.SOLE: MANY}})
    more = KeySet({"a": {Standing.SEEN: ((1,), (9_999,))}})

    both = large.merged(more)

    assert set(both.keys("a", Standing.SOLE)) == set(MANY)
    assert both.keys("a", Standing.SEEN) == ((9_999,),)
