import base64
import hashlib
import hmac

import pytest

from rights.domain.errors import ConfigError
from rights.store.keys import Keyring

OLD = base64.b64encode(b"o" * 32).decode()
NEW = base64.b64encode(b"\xfb\xff" * 16).decode()


def test_the_first_key_is_current_and_the_others_stay_live() -> None:
    ring = Keyring.parse(f"k2:{NEW}, k1:{OLD}")

    assert ring.current == "k2"
    assert ring.ids == ("k2", "k1")


def test_each_purpose_and_each_key_has_a_subkey_of_its_own() -> None:
    ring = Keyring.parse(f"k2:{NEW},k1:{OLD}")

    subkeys = {ring.derive(p, k) for p in ("vault", "blind", "wrap", "tokens") for k in ring.ids}

    assert len(subkeys) == 8
    assert b"o" * 32 not in subkeys
    assert ring.derive("vault") == ring.derive("vault", "k2")
    assert ring.derive_all("tokens") == (ring.derive("tokens", "k2"), ring.derive("tokens", "k1"))


def test_subkeys_are_those_of_hkdf_sha256() -> None:
    # RFC 5869 written out: extract under a salt of zeros, then the first block of expand.
    key = b"o" * 32
    extracted = hmac.digest(bytes(32), key, hashlib.sha256)
    expected = hmac.digest(extracted, b"vault\x01", hashlib.sha256)

    assert Keyring({"k": key}).derive("vault") == expected


def test_both_alphabets_of_base64_are_read() -> None:
    urlsafe = NEW.replace("+", "-").replace("/", "_")

    assert Keyring.parse(f"a:{NEW}").derive("p") == Keyring.parse(f"a:{urlsafe}").derive("p")


@pytest.mark.requirement("R-9-1:bad")
@pytest.mark.parametrize("text", ["", "   "])
def test_a_missing_key_stops_the_start_and_says_how_to_make_one(text: str) -> None:
    with pytest.raises(ConfigError, match=r"RIGHTS_VAULT_KEYS is not set.*openssl rand -base64 32"):
        Keyring.parse(text, setting="RIGHTS_VAULT_KEYS")


def test_every_mistake_is_named_and_no_key_is_shown() -> None:
    short = base64.b64encode(b"short").decode()

    with pytest.raises(ConfigError) as caught:
        Keyring.parse(f"a:{short},b:***,{OLD},bad id:{OLD},c:{NEW},c:{NEW}")

    assert [p.split(":")[0] for p in caught.value.problems] == [
        "key 1", "key 2", "key 3", "key 4", "key 6",
    ]  # fmt: skip
    assert "a has 5 bytes, 32 are needed" in str(caught.value)
    for secret in (short, OLD, NEW):
        assert secret not in str(caught.value)


def test_a_key_ring_made_of_nothing_or_of_short_keys_is_refused() -> None:
    with pytest.raises(ConfigError, match="no encryption key"):
        Keyring({})
    with pytest.raises(ConfigError, match="32 bytes: a"):
        Keyring({"a": b"short"})


def test_the_repr_shows_ids_only() -> None:
    ring = Keyring.parse(f"k2:{NEW},k1:{OLD}")
    ring.derive("vault")

    assert repr(ring) == "Keyring(k2, k1)"


def test_a_key_that_was_taken_off_the_ring_is_asked_for_by_name() -> None:
    with pytest.raises(ConfigError, match="the key k9 is needed"):
        Keyring.parse(f"k1:{OLD}").derive("vault", "k9")
