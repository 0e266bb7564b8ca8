"""The documentation says what there is, all of it, and nothing else."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import SecretStr

from connectors import registry
from connectors.sdk import Verb
from rights.settings import Settings
from tests.architecture.pages import anchors, blocks, links, page, pages, prose, section
from tests.architecture.tree import ROOT, files
from workflows.cli import cli

_READ_AS_TEXT = {".md", ".py", ".yaml", ".yml", ".toml", ".sql", ".env", ".service", ".conf", ""}
_REFERENCE = re.compile(r"\bdocs/[\w\-./]*[\w\-/]")
_VARIABLE = re.compile(r"RIGHTS_[A-Z][A-Z0-9_]*")
_NOT_SETTINGS = {"RIGHTS_CONFIG", "RIGHTS_SECRET_NAME", "RIGHTS_SECRETS_DIR"}
_RUN = re.compile(r"\./run ([a-z]+)")


def _variables() -> dict[str, str]:
    """Return every setting's variable and its default as the page spells it."""
    found = {}
    for name, field in Settings.model_fields.items():
        found[f"RIGHTS_{name.upper()}"] = "" if field.is_required() else _spelt(field.default)
    return found


def _spelt(default: object) -> str:
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, tuple):
        default = ",".join(str(part) for part in default)
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):
        return f"{default:g}"
    return str(default) or "empty"


def _documented() -> Iterator[tuple[str, str]]:
    """Yield variable and default of every row of the page; empty where no default is given."""
    for line in page("settings").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        names = _VARIABLE.findall(cells[0])
        if not line.startswith("| `RIGHTS_"):
            continue
        given = cells[1].replace("`", "") if len(cells) > 2 else ""
        values = given.split(", ") if len(names) > 1 and ", " in given else [given] * len(names)
        yield from zip(names, values, strict=True)


def test_every_setting_is_on_its_page_and_nothing_else() -> None:
    assert {name for name, _ in _documented()} - _NOT_SETTINGS == set(_variables())


def test_every_default_on_the_page_is_the_default() -> None:
    documented = {name: given for name, given in _documented() if name not in _NOT_SETTINGS}

    assert documented == _variables()


def test_no_page_names_a_setting_that_is_not_there() -> None:
    known = {*_variables(), *_NOT_SETTINGS}
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in pages()
        for name in _VARIABLE.findall(path.read_text(encoding="utf-8"))
        if name not in known and not name.startswith(("RIGHTS_SECRET_", "RIGHTS_TEST_"))
    }

    assert strangers == set()


def _commands(group: click.Command = cli, words: tuple[str, ...] = ()) -> dict[str, click.Command]:
    """Return every command that does something, by its words."""
    if not isinstance(group, click.Group):
        return {" ".join(words): group}
    context = click.Context(group)
    found: dict[str, click.Command] = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found |= _commands(command, (*words, name))
    return found


def test_every_command_is_on_its_page() -> None:
    named = set(re.findall(r"`rights ([a-z\- ]+?)(?: [A-Z\-][^`]*)?`", page("cli")))

    assert "web" in _commands()
    assert set(_commands()) - named == set()


@pytest.mark.parametrize("name", sorted(_commands()))
def test_every_option_of_a_command_is_on_the_page(name: str) -> None:
    options = {o for p in _commands()[name].params for o in p.opts if o.startswith("--")}

    assert {option for option in options if option not in page("cli")} == set()


def _lines() -> Iterator[tuple[str, list[str]]]:
    """Yield every command line of ours that a page shows, with the page."""
    for path in pages():
        for block in blocks(path.read_text(encoding="utf-8"), "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                found = re.search(r"(?:^|/|\./run )\brights ([a-z].*)$", line.split("  #")[0])
                if found:
                    text = re.split(r"[|>;&#]| done", found[1])[0]
                    yield f"{path.relative_to(ROOT)}: {line.strip()}", shlex.split(text)


def test_every_command_line_that_is_shown_is_understood() -> None:
    shown = list(_lines())

    assert len(shown) > 10
    assert [place for place, words in shown if not _understood(words)] == []


def _understood(words: list[str]) -> bool:
    name = next((n for n in _commands() if words[: len(n.split())] == n.split()), None)
    if name is None:
        return False
    options = {o for p in _commands()[name].params for o in (*p.opts, *p.secondary_opts)}
    return all(w.partition("=")[0] in options for w in words if w.startswith("--"))


def test_every_command_of_the_entry_script_that_is_named_is_there() -> None:
    script = (ROOT / "run").read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z]+)\)$", script, re.MULTILINE))
    named = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in pages()
        for name in _RUN.findall(path.read_text(encoding="utf-8"))
        if name not in there
    }

    assert {"demo", "test", "rights"} <= there
    assert named == set()


def test_the_readme_begins_with_the_two_commands() -> None:
    first = blocks((ROOT / "README.md").read_text(encoding="utf-8"), "sh")[0]

    assert _RUN.findall(first) == ["demo", "test"]


@pytest.mark.parametrize("name", registry.available())
def test_every_connector_is_on_its_page_with_what_it_was_tested_on(name: str) -> None:
    about = section(page("connectors"), name)
    manifest = registry.load([name])[name].manifest
    row = next(line for line in page("connectors").splitlines() if line.startswith(f"| [`{name}`]"))
    settings = {field.name for field in dataclasses.fields(manifest.settings)}

    assert "*Tested on*" in about
    assert {s for s in settings if f"`{s}`" not in about} == set()
    if manifest.verbs != frozenset(Verb):
        assert {verb for verb in manifest.verbs if str(verb) not in row} == set()
        assert {verb for verb in Verb if str(verb) in row} == manifest.verbs


def test_every_link_leads_somewhere() -> None:
    dead = []
    for path in pages():
        for target, anchor in links(path):
            if not target.exists() or (anchor and anchor not in anchors(target)):
                dead.append(f"{path.relative_to(ROOT)}: {target.name}#{anchor}")

    assert dead == []


def test_links_and_headings_are_read_as_they_are_shown(tmp_path: Path) -> None:
    shown = tmp_path / "page.md"
    shown.write_text(
        "# A page, `with` code\n[one](other.md#part) `[no](link.md)` [two](#a-page-with-code)\n"
        "![three](x.svg) [four](https://example.com)\n```sh\n# not a heading\n[no](link.md)\n```\n"
    )

    assert [(t.name, a) for t, a in links(shown)] == [
        ("other.md", "part"),
        ("page.md", "a-page-with-code"),
        ("x.svg", ""),
    ]
    assert anchors(shown) == {"a-page-with-code"}


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        reached.add(path)
        waiting += [t for t, _ in links(path) if t.suffix == ".md" and t not in reached]
    all_pages = {p for p in pages() if ROOT / "docs" in p.parents or ROOT / "deploy" in p.parents}

    assert sorted(str(p.relative_to(ROOT)) for p in all_pages - reached) == []


def test_no_file_names_a_page_that_is_not_there() -> None:
    dead = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files()
        if path.suffix in _READ_AS_TEXT
        for name in _REFERENCE.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / name.rstrip("/.")).exists()
    }

    assert dead == set()


def test_the_index_of_decisions_names_every_one() -> None:
    folder = ROOT / "docs" / "decisions"
    named = {target.name for target, _ in links(folder / "README.md")}

    assert {path.name for path in folder.glob("*.md")} - {"README.md"} == named


@pytest.mark.parametrize(
    "name", sorted(p.name for p in (ROOT / "docs" / "decisions").glob("0*.md"))
)
def test_a_decision_says_what_follows_and_what_was_rejected(name: str) -> None:
    text = (ROOT / "docs" / "decisions" / name).read_text(encoding="utf-8")

    assert text.startswith(f"# {name[:4]} ")
    for title in ("The question", "The decision", "What follows", "Rejected"):
        assert section(text, title), title
    assert len(prose(text).splitlines()) < 60


@pytest.mark.slow
def test_the_small_database_can_be_tried_as_its_page_says(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "how-to" / "try-a-small-database.md").read_text(encoding="utf-8")
    steps = blocks(text, "sh")
    # The entry script is this checkout's interpreter here: what it installs is there already.
    folder = tmp_path / "checkout"
    folder.mkdir()
    script = folder / "run"
    script.write_text(
        f'#!/bin/sh\nshift\nexec {shlex.quote(sys.executable)} -m workflows.cli "$@"\n'
    )
    script.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        ["bash", "-euc", "\n".join(steps)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors" in done.stdout
    assert "state: planned" in done.stdout
    assert "[(12, 2, 4.0)]" in done.stdout
    assert done.stdout.count("the signature holds") == 2
