import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain.errors import ConfigError
from rights.store.keys import Keyring, Tampered
from rights.store.vault import Vault

OLD = Vault(Keyring({"k1": b"1" * 32}))
BOTH = Vault(Keyring({"k2": b"2" * 32, "k1": b"1" * 32}))
NEW = Vault(Keyring({"k2": b"2" * 32}))


@given(st.binary(max_size=200), st.text(max_size=30))
def test_what_was_sealed_opens_in_its_place(plain: bytes, aad: str) -> None:
    assert OLD.open(OLD.seal(plain, aad=aad), aad=aad) == plain


def test_the_same_value_sealed_twice_looks_different_and_nothing_of_it_shows() -> None:
    one = OLD.seal(b"xiaoming@example.com", aad="identifier:1")
    two = OLD.seal(b"xiaoming@example.com", aad="identifier:1")

    assert one != two
    assert b"xiaoming" not in one


@given(st.data())
def test_any_changed_bit_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(OLD.seal(b"value", aad="a"))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << (at % 8)

    # A changed key id names a key that nobody has: an operator's matter, but never a value.
    with pytest.raises((Tampered, ConfigError)):
        OLD.open(bytes(sealed), aad="a")


@given(st.integers(0, 34))
def test_any_shortened_value_is_noticed(length: int) -> None:
    sealed = OLD.seal(b"value", aad="a")
    assert len(sealed) > 34

    with pytest.raises(Tampered):
        OLD.open(sealed[:length], aad="a")


def test_a_value_moved_to_another_row_does_not_open_there() -> None:
    sealed = OLD.seal(b"value", aad="identifier:1")

    with pytest.raises(Tampered, match="moved from another row"):
        OLD.open(sealed, aad="identifier:2")


def test_a_sealed_value_is_no_wrapped_key_and_the_other_way_round() -> None:
    with pytest.raises(Tampered):
        OLD.unwrap(OLD.seal(b"k" * 32, aad="p"), aad="p")
    with pytest.raises(Tampered):
        OLD.open(OLD.wrap(b"k" * 32, aad="p"), aad="p")

    assert OLD.unwrap(OLD.wrap(b"k" * 32, aad="p"), aad="p") == b"k" * 32


def test_rotation_reseals_under_the_current_key_and_then_the_old_one_may_go() -> None:
    sealed = OLD.seal(b"value", aad="a")
    wrapped = OLD.wrap(b"k" * 32, aad="p")
    assert BOTH.open(sealed, aad="a") == b"value"
    assert not BOTH.is_current(sealed)

    sealed, wrapped = BOTH.reseal(sealed, aad="a"), BOTH.rewrap(wrapped, aad="p")

    assert BOTH.key_id(sealed) == "k2"
    assert BOTH.is_current(sealed)
    assert NEW.open(sealed, aad="a") == b"value"
    assert NEW.unwrap(wrapped, aad="p") == b"k" * 32


def test_what_needs_a_key_that_was_removed_says_which() -> None:
    with pytest.raises(ConfigError, match="the key k1 is needed"):
        NEW.open(OLD.seal(b"value", aad="a"), aad="a")


def test_a_blind_index_is_stable_keyed_and_apart_by_scope() -> None:
    one = OLD.blind("xiaoming@example.com", scope="email")

    assert one == OLD.blind("xiaoming@example.com", scope="email")
    assert one != OLD.blind("xiaoming@example.com", scope="phone")
    assert one != NEW.blind("xiaoming@example.com", scope="email")
    assert OLD.blind("c", scope="ab") != OLD.blind("bc", scope="a")
    assert len(one) == 64


def test_a_look_up_during_rotation_finds_rows_of_both_keys() -> None:
    assert BOTH.blinds("v", scope="s") == (NEW.blind("v", scope="s"), OLD.blind("v", scope="s"))
    assert BOTH.blind("v", scope="s") == NEW.blind("v", scope="s")


def test_what_is_not_a_sealed_value_at_all_is_refused() -> None:
    for text in (b"", b"\x01", b"\x02" + b"0" * 60, b"\x01\x02\xff\xff" + b"0" * 60):
        with pytest.raises(Tampered):
            OLD.key_id(text)


def test_messages_name_no_content() -> None:
    sealed = OLD.seal(b"secret-value", aad="secret-place")

    with pytest.raises(Tampered) as caught:
        OLD.open(sealed, aad="other-place")

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
