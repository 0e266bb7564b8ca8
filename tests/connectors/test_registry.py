"""Connectors are found by name, checked, and loaded only when asked for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any, ClassVar

import pytest

from connectors import registry
from connectors.sdk import Manifest, Verb
from rights.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Settings:
    url: str
    limit: int = 3


def manifest(name: str = "fax", *verbs: Verb) -> Manifest:
    return Manifest(name=name, title={"en": name}, verbs=frozenset(verbs), settings=Settings)


class Fax:
    manifest: ClassVar[Manifest] = manifest("fax", Verb.LOCATE)

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def probe(self) -> None: ...

    def close_connections(self) -> None: ...

    def locate(self, target: Any, work: Any) -> None: ...


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Entry points of other distributions, as the installer would report them."""
    points: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: [*points])
    monkeypatch.setitem(sys.modules, "fax_connector", _module(Fax=Fax))
    return points


def _module(**names: Any) -> ModuleType:
    module = ModuleType("fax_connector")
    for name, value in names.items():
        setattr(module, name, value)
    return module


def point(name: str, value: str = "fax_connector:Fax") -> EntryPoint:
    return EntryPoint(name, value, registry.GROUP)


def test_every_connector_beside_it_loads_and_keeps_its_manifest() -> None:
    names = registry.available()

    loaded = registry.load(names)

    assert {"memory", "sql"} <= set(names)
    assert {cls.manifest.name for cls in loaded.values()} == set(names)


def test_only_what_is_asked_for_is_imported() -> None:
    program = (
        "import sys; from connectors import registry; registry.load(['memory']);"
        " print([m for m in ('sqlalchemy', 'boto3', 'connectors.sql') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_an_installed_connector_is_found_by_its_entry_point(installed: list[EntryPoint]) -> None:
    installed.append(point("fax"))

    assert "fax" in registry.available()
    assert registry.load(["fax"])["fax"] is Fax


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no connector is called 'sqll'; there are: .*memory"):
        registry.load(["sqll"])


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        registry.load(["one", "two", "memory"])

    assert len(caught.value.problems) == 2


def test_a_name_taken_twice_is_refused(installed: list[EntryPoint]) -> None:
    installed.append(point("memory"))

    with pytest.raises(ConfigError, match="several connectors are called 'memory'"):
        registry.load(["memory"])


def test_an_entry_point_whose_manifest_says_another_name_is_refused(
    installed: list[EntryPoint],
) -> None:
    installed.append(point("telex"))

    with pytest.raises(ConfigError, match="manifest says 'telex'"):
        registry.load(["telex"])


def test_a_missing_driver_names_what_to_install(
    installed: list[EntryPoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.append(point("fax", "pymysql.no_such_module:Fax"))
    monkeypatch.setitem(sys.modules, "pymysql", None)

    with pytest.raises(ConfigError, match=r"pip install 'rights\[mysql\]'"):
        registry.load(["fax"])


def test_a_promised_verb_that_is_not_there_is_refused() -> None:
    class Liar(Fax):
        manifest = manifest("fax", Verb.LOCATE, Verb.ERASE)

    with pytest.raises(ConfigError, match="disagree on erase"):
        registry.check_manifest(Liar)


def test_a_hidden_verb_is_refused() -> None:
    class Shy(Fax):
        manifest = manifest("fax")

    with pytest.raises(ConfigError, match="disagree on locate"):
        registry.check_manifest(Shy)


def test_settings_become_the_connector_s_dataclass() -> None:
    made = registry.build(Fax, {"url": "x"})

    assert made.settings == Settings("x", 3)  # type: ignore[attr-defined]


def test_missing_and_unknown_settings_are_named_and_no_value_is_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        registry.build(Fax, {"limt": "secret-7f3a"})

    text = str(caught.value)
    assert "'url' is missing" in text
    assert "'limt' is unknown; allowed: limit, url" in text
    assert "secret-7f3a" not in text
