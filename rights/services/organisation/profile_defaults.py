"""
Defaults that are stricter because of what the organisation says of itself.

They lie below what the environment names and below what staff set: whoever names a setting at the
start, or loosens it with a second administrator, has decided that.

Source: CSL 23(3), 39; CII protection regulation 6; PIPL 51; NDSR 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from rights import yaml_file
from rights.domain.compliance import ADJACENT, CII
from rights.domain.errors import ConfigError
from rights.domain.organisation import Profile
from rights.domain.settable import Value
from rights.settings import Settings

_FILE: Final = Path(__file__).parents[2] / "catalogue" / "profile_defaults.yaml"
_BUCKET: Final = "s3://"
_PLACES: Final = (
    ("blobs_url", "blobs_region"),
    ("evidence_url", "blobs_region"),
    ("checkpoints_url", "checkpoints_region"),
)
"""Where the register's own files lie, and which setting says in which region that is."""


@dataclass(frozen=True, slots=True)
class Stricter:
    """
    One default.

    Args:
        value: By what the profile says.
        title: In words; empty where the list of what staff change has them.
        unit: Of a number there.
    """

    name: str
    value: Mapping[str, Value]
    requirement: str
    source: Mapping[str, str]
    title: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unit: str = ""


@cache
def table() -> Mapping[str, Stricter]:
    """Return every one of them by the name of its setting, in the order of the catalogue."""
    found: Mapping[str, Mapping[str, Any]] = yaml_file.read(_FILE)
    return MappingProxyType({name: Stricter(name, **said) for name, said in found.items()})


def flag_of(profile: Profile | None) -> str:
    """Return what in a profile asks for stricter defaults; empty: nothing."""
    if profile is None:
        return ""
    return next((flag for flag in (CII, ADJACENT) if profile.holds(flag)), "")


def values(profile: Profile | None) -> Mapping[str, Value]:
    """Return which settings have which stricter default with this profile."""
    flag = flag_of(profile)
    return {name: one.value[flag] for name, one in table().items()} if flag else {}


def settled(settings: Settings, profile: Profile | None) -> Settings:
    """
    Return what a process was started with, its defaults those of the profile.

    What was named at the start stays, and only that counts as named there.

    Raises:
        ConfigError: a bucket lies outside the home regions, or none are named and have to be.
    """
    check_regions(settings, profile)
    named = settings.model_fields_set
    free = {name: value for name, value in values(profile).items() if name not in named}
    made = settings.model_copy(update=free)
    made.model_fields_set.difference_update(free)
    return made


def check_regions(settings: Settings, profile: Profile | None) -> None:
    """
    Refuse a place of packages, documents or checkpoints outside the home regions.

    A folder has no region: where the machine is, no process knows.

    Raises:
        ConfigError: each setting that names such a place; or that the regions have to be named.
    """
    home, flag = settings.home_regions, flag_of(profile)
    buckets = [(url, at) for url, at in _PLACES if getattr(settings, url).startswith(_BUCKET)]
    if flag and buckets and not home:
        message = (
            "RIGHTS_HOME_REGIONS: name the regions in which buckets may lie, because the profile"
            f" says {flag} [R-C39-1, CSL 39]"
        )
        raise ConfigError(message, [message])
    wrong = [
        f"RIGHTS_{at.upper()}: {getattr(settings, at)} is none of RIGHTS_HOME_REGIONS"
        f" ({', '.join(home)}), and RIGHTS_{url.upper()} is a bucket there [R-C39-1, CSL 39]"
        for url, at in buckets
        if home and getattr(settings, at) not in home
    ]
    if wrong:
        raise ConfigError("a bucket lies outside the home regions:", wrong)
