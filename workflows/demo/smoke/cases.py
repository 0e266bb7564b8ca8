"""The facts of ``cases.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rights import yaml_file
from rights.domain.kinds import Kind, Option, default_option
from rights.domain.levels import Acr

_FILE: Final = Path(__file__).with_name("cases.yaml")


@dataclass(frozen=True, slots=True)
class Case:
    """
    One request of one person.

    Args:
        member: Who of the cast asks.
        code: A one-time code comes on top of the backend's word.
        task: A member of staff has to do something before it can end.
        approval: A plan is approved in the console before it can go on.
        package: The person gets one, and downloads it.
    """

    kind: Kind
    option: Option
    member: str
    acr: Acr
    code: bool = False
    task: bool = False
    approval: bool = False
    package: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Kind and option, as the terminal names it."""
        return f"{self.kind}/{self.option}"


def cases() -> tuple[Case, ...]:
    """Return every case, the slowest first."""
    return tuple(_case(raw) for raw in yaml_file.read(_FILE))


def _case(raw: dict[str, Any]) -> Case:
    kind = Kind(raw["kind"])
    option = Option(raw["option"]) if "option" in raw else default_option(kind)
    return Case(**{**raw, "kind": kind, "option": option, "acr": Acr(raw["acr"])})
