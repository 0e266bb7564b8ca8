"""The project can be cloned anywhere: nothing in it names one machine or one registry."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from checks.locks import Pin, disagreeing, mistakes, options, read_lock
from tests.architecture.tree import ROOT, files

# Spelt so that this file does not name them itself.
_REGISTRIES = "|".join(("py" + r"pi\.org", "python" + "hosted", "npm" + "js", r"deb\.deb" + "ian"))
_MACHINE = r"(^|[^A-Za-z0-9_])/(work|farm|root|home/[a-z]+)/"
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
_LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-tools.lock"]


def _places(pattern: str) -> list[str]:
    expression = re.compile(pattern)
    found = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or an archive names no address
        found += [
            f"{path.relative_to(ROOT)}:{number}"
            for number, line in enumerate(text.splitlines(), 1)
            if expression.search(line)
        ]
    return found


def test_no_file_names_a_package_registry() -> None:
    assert _places(_REGISTRIES) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert _places(_MACHINE) == []


def test_the_search_for_places_finds_what_is_there() -> None:
    assert any(place.startswith("LICENSE:") for place in _places("Apache License"))


@pytest.mark.parametrize("lock", _LOCKS)
def test_every_locked_version_has_a_hash(lock: str) -> None:
    pins = read_lock((ROOT / lock).read_text())

    assert pins
    assert [name for name, pin in pins.items() if not pin.hashes] == []


@pytest.mark.parametrize("lock", _LOCKS[:2])
def test_a_lock_file_fits_the_project(lock: str) -> None:
    assert mistakes(_PROJECT, lock, read_lock((ROOT / lock).read_text())) == []


def test_a_lock_file_that_fell_behind_is_told_with_each_mistake() -> None:
    text = (ROOT / _LOCKS[0]).read_text()
    pins = read_lock(text)
    behind = {name: pin for name, pin in pins.items() if name != "alembic"}
    wanted = [*_PROJECT["project"]["dependencies"], "babel>=9999"]
    wanted = [line for line in wanted if not line.startswith("rq")]
    project = {**_PROJECT, "project": {**_PROJECT["project"], "dependencies": wanted}}

    found = mistakes(project, _LOCKS[0], behind)

    assert f"{_LOCKS[0]}: alembic is missing" in found
    assert f"{_LOCKS[0]}: rq is no longer required" in found
    assert any("babel" in line and ">=9999" in line for line in found)


def test_the_lock_files_name_the_same_files_of_the_same_versions() -> None:
    runtime, dev = (read_lock((ROOT / lock).read_text()) for lock in _LOCKS[:2])
    pin = runtime["certifi"]
    edited = {
        "certifi": Pin(pin.version, frozenset({"0" * 64}), ours=False),
        "idna": Pin("0.1", runtime["idna"].hashes, ours=False),
        "nobody": pin,
    }

    assert disagreeing(runtime, dev) == []
    assert disagreeing(edited, dev) == [
        f"certifi {pin.version}: the two lock files have other hashes for it",
        f"idna: 0.1 in one lock file, {dev['idna'].version} in the other",
        f"nobody: {pin.version} in one lock file, absent in the other",
    ]


def test_the_development_lock_holds_the_demo_too() -> None:
    demo, dev = (set(options(lock)) for lock in _LOCKS[:2])

    assert demo < dev


@pytest.mark.parametrize("shell", [name for name in ("sh", "dash", "bash") if shutil.which(name)])
def test_the_entry_script_is_plain_shell(shell: str) -> None:
    checked = subprocess.run(
        [shell, "-n", str(ROOT / "run")], capture_output=True, text=True, check=False
    )

    assert checked.stderr == ""
    assert checked.returncode == 0


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_the_scripts_can_be_executed(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


def test_an_unknown_command_is_refused_with_the_known_ones() -> None:
    answer = subprocess.run(
        ["sh", str(ROOT / "run"), "tset"], capture_output=True, text=True, check=False
    )

    assert answer.returncode == 1
    assert "no command 'tset'" in answer.stderr
    assert "./run test" in answer.stderr


def test_every_command_of_the_entry_script_is_in_its_help() -> None:
    text = (ROOT / "run").read_text()
    commands = re.findall(r"^([a-z]+)\)$", text, flags=re.MULTILINE)
    helped = subprocess.run(["sh", str(ROOT / "run")], capture_output=True, text=True, check=True)

    assert {"demo", "test", "check", "bench", "rights", "lock"} <= set(commands)
    assert [name for name in commands if f"./run {name}" not in helped.stdout] == []


def _imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {
        node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }


def test_the_domain_uses_the_standard_library_alone() -> None:
    modules = list((ROOT / "rights" / "domain").rglob("*.py"))
    strangers = {
        f"{path.name}: {name}"
        for path in modules
        for name in _imports(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith("rights.domain")
    }

    assert modules
    assert strangers == set()
