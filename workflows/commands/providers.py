"""What ``rights backend oidc`` takes, read into a provider."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rights.domain.errors import ConfigError, Invalid
from rights.domain.levels import Acr
from rights.services.sign_in.provider import Provider
from workflows.secrets import Secrets, missing


def provider_of(secret: str, said: Mapping[str, Any]) -> Provider:
    """
    Return the provider that the options of the command describe.

    Args:
        secret: The name of the client's secret; empty for a client without one.

    Raises:
        ConfigError: the secret is not where it should be, or an option is not as it should be.
    """
    return Provider(
        backend_id="",
        title=said["title"],
        issuer=said["issuer"],
        client_id=said["client_id"],
        scopes=tuple(said["scopes"]),
        claims=_pairs("claim", said["claims"]),
        acrs=_worth("acr", said["acrs"]),
        amrs=_worth("amr", said["amrs"]),
        ask_acrs=tuple(said["ask_acrs"]),
        secret=_secret(secret) if secret else "",
    )


def _secret(name: str) -> str:
    found = Secrets.of(os.environ).get(name)
    if not found:
        raise missing((name,))
    return found


def _worth(option: str, given: Iterable[str]) -> dict[str, Acr]:
    pairs = _pairs(option, given)
    if any(value not in tuple(Acr) for value in pairs.values()):
        raise ConfigError(f"--{option} is written VALUE= and one of {', '.join(Acr)}")
    return {value: Acr(acr) for value, acr in pairs.items()}


def _pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """Read ``NAME=VALUE``; the name may hold the sign too, as an address does."""
    found = [one.rpartition("=") for one in given]
    if not all(name and value for name, _, value in found):
        raise ConfigError(f"--{option} is written NAME=VALUE")
    return {name: value for name, _, value in found}


@contextmanager
def plainly() -> Iterator[None]:
    """Name every mistake in what an operator said, each on a line. Raises ConfigError."""
    try:
        yield
    except Invalid as error:
        known = (f" ({', '.join(one.allowed)})" if one.allowed else "" for one in error.errors)
        lines = [
            f"{one.field}: {one.message}{rest}"
            for one, rest in zip(error.errors, known, strict=True)
        ]
        raise ConfigError(str(error), lines) from None
