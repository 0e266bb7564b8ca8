"""The receipt of a request says what its law wants in it, and a check finds words that are gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from checks import receipt_words
from rights.domain.kinds import Kind
from tests.workflows.desk import Desk, only, text_of
from workflows.embedded.smtp import Sink
from workflows.notices.words import LANGUAGES, words

SAID = [("received", "process"), ("received", "verification")]


@pytest.mark.requirement("R-SLA-10")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("law", "told"), [("us_ca", True), ("cn_general", False)])
def test_the_receipt_under_californian_law_says_how_it_goes_on(
    desk: Desk, smtp_sink: Sink, language: str, law: str, *, told: bool
) -> None:
    desk.typed(Kind.ACCESS, locale=language, regimes=(law,))

    assert desk.send() == 1

    text, say = "".join(text_of(only(smtp_sink)).split()), words(language)
    found = ["".join(say.find(*path).split()) in text for path in SAID]
    assert found == [told, told]
    assert "".join(say.find("labels", "due").split()) in text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(receipt_words.FOLDER, tmp_path / "words"))


@pytest.mark.requirement("R-SLA-10:bad")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", [*SAID, ("labels", "due")])
@pytest.mark.parametrize("left", [None, "", " "])
def test_a_receipt_that_lacks_an_element_is_found_before_it_is_released(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    language: str,
    path: tuple[str, str],
    left: str | None,
) -> None:
    file = folder / f"{language}.yaml"
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    if left is None:
        del said[path[0]][path[1]]
    else:
        said[path[0]][path[1]] = left

    before = receipt_words.main(folder)
    file.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    after = receipt_words.main(folder)

    assert (before, after) == (0, 1)
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "us_ca" in one]
    assert line.startswith(f"{language}: {'.'.join(path)} says nothing")
    assert "11 CCR 7021(a)" in line
