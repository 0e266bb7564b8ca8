"""What may be called anonymised, and what a connector may not call so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from connectors.memory import Memory
from connectors.parts.methods import methods, registered, why_not
from connectors.registry import check_manifest
from connectors.sdk import Manifest
from connectors.sql import Sql
from connectors.sql.emptying import METHODS
from rights.domain.errors import ConfigError

NONE = (
    "hash",
    "sha256",
    "hmac",
    "md5",
    "pseudonymise",
    "tokenise",
    "encrypt",
    "mask",
    "unheard_of",
)


def test_every_method_says_in_both_languages_what_it_does() -> None:
    for name, said in methods().items():
        assert said["zh"] and said["en"], name
        assert said["class"] in {"suppression", "replacement", "hash", "pseudonymise"}, name


def test_what_the_connectors_use_is_registered() -> None:
    assert set(METHODS) == set(Sql.manifest.anonymises) == set(registered())
    assert Memory.manifest.anonymises <= set(registered())


@pytest.mark.requirement("R-24-2:bad", "R-NEG-14:bad")
@pytest.mark.parametrize("method", NONE)
def test_a_connector_that_hashes_or_pseudonymises_is_not_loaded(method: str) -> None:
    class Hashing(Memory):
        manifest: ClassVar[Manifest] = replace(
            Memory.manifest, name="hashing", anonymises=frozenset({"empty", method})
        )

    made: Any = Hashing
    with pytest.raises(ConfigError, match=method):
        check_manifest(made)
    assert why_not(method)
