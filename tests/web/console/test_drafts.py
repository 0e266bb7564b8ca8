"""Letters that staff write begin with a draft in the person's language, and go out whole."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rights.app import context_of
from rights.domain.errors import ConfigError
from rights.settings import Settings
from tests.web.console.clerk import clerk, events, id_of, told
from tests.web.house import House
from tests.web.portal.reader import Page

OWN = """\
drafts:
  find_you:
    for: [message, complaint]
    title: {zh-CN: 本公司, en: The house's own}
    text: {zh-CN: "{company}：[[内容]]", en: "{company}: [[what]]"}
"""


def _text(page: Page, name: str = "text") -> str:
    found = re.search(rf'<textarea id="{name}"[^>]*>(.*?)</textarea>', page.html, re.DOTALL)
    assert found
    return html.unescape(found[1])


def _asked(page: Page) -> tuple[str, str]:
    """Return the first question of the form, and why it is asked."""
    found = re.search(r'<input id="question-1"[^>]* value="([^"]*)"', page.html)
    assert found
    return html.unescape(found[1]), _text(page, "why-1")


@pytest.mark.parametrize(("locale", "says"), [("en", "by "), ("zh-CN", "之前答复您")])
def test_a_draft_is_in_the_persons_language_with_the_facts_of_the_request(
    house: House, locale: str, says: str
) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = str(house.asserted("access", locale=locale)["id"])
    page = rui.get(f"/requests/{made}")
    assert "What we need to find you" in page.text
    assert _text(page) == ""

    page = rui.get(f"/requests/{made}?draft=find_you")

    drafted = _text(page)
    assert made in drafted
    assert says in drafted
    assert "[[" in drafted
    assert "{" not in drafted
    refused = rui.reader.send(page, f"/{made}/write", text=drafted)
    assert refused.status == 422
    assert "blank" in refused.text
    assert _text(refused) == drafted
    assert ("staff_refused", f"staff:{id_of(house, 'rui')}") in events(house)
    whole = re.sub(r"\[\[.*?\]\]", "x", drafted)
    assert rui.reader.send(refused, f"/{made}/write", text=whole).status == 200
    assert "message_sent" in told(house, made)


@pytest.mark.parametrize(
    ("locale", "says"), [("en", "Which account do you mean?"), ("zh-CN", "是哪一个账号？")]
)
def test_a_list_for_the_person_begins_with_a_question_and_its_reason(
    house: House, locale: str, says: str
) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = str(house.asserted("access", locale=locale)["id"])
    page = rui.get(f"/requests/{made}")
    assert "Which account is meant" in page.text
    assert not any(_asked(page))

    page = rui.get(f"/requests/{made}?ask=which_account")

    question, why = _asked(page)
    assert says in question
    assert made in why
    assert "[[" in question
    said = {"question.1": question, "why.1": why}
    refused = rui.reader.send(page, f"/{made}/ask", **said)
    assert refused.status == 422
    assert "blank" in refused.text
    assert _asked(refused) == (question, why)
    assert "asked" not in told(house, made)
    said["question.1"] = re.sub(r"\[\[.*?\]\]", "x", question)
    refused = rui.reader.send(page, f"/{made}/ask", **{**said, "why.1": "[[so]]"})
    assert refused.status == 422
    assert rui.reader.send(refused, f"/{made}/ask", **said).status == 200
    assert "asked" in told(house, made)


def test_the_answer_to_a_complaint_begins_with_one_too(
    furnished: Callable[..., House], tmp_path: Path
) -> None:
    file = tmp_path / "drafts.yaml"
    file.write_text(OWN, encoding="utf-8")
    house = furnished(drafts=file)
    rui = clerk(house, "rui", "reviewer")
    made = house.post("/v1/complaints", {"text": "x", "subject": {"email": "a@example.com"}})
    assert made.status_code == 201, made.json
    path = f"/complaints/{made.json['id']}"

    drafted = _text(rui.get(f"{path}?draft=complaint_answered"))
    own = rui.get(f"{path}?draft=find_you")

    assert made.json["id"] in drafted
    assert _text(own) == "示例公司：[[内容]]"
    assert rui.reader.send(own, "/answer", text=drafted).status == 422
    assert "complaint_answered" not in [event for event, _ in events(house)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (OWN.replace("[message, complaint]", "[letter]"), "say for: with some of message, compl"),
        (OWN.replace("{company}: [[", "{age}: [["), "{age} is no fact: use company, contact"),
        (OWN.replace("{company}: [[", "{company.x}: [["), "{company.x} is no fact"),
        (OWN.replace("{company}: [[", "{kind}: [["), "{kind} is no fact"),
        (OWN.replace("[[what]]", "[[what"), "a blank does not end"),
        (OWN.replace("[[what]]", "{"), "a { or } stands alone"),
        (OWN.replace(', en: "{company}: [[what]]"', ""), "say en as text"),
        (OWN.replace("    for:", "    fur:"), "fur"),
        (OWN.replace("[message, complaint]", "[ask]"), "has the question on its first line"),
        (OWN.replace("[message, complaint]", "[ask, message]"), "is for nothing else"),
        (
            OWN.replace("[message, complaint]", "[ask]").replace("[[what]]", "?" * 301 + "\\nwhy"),
            "a question has 300 characters at most",
        ),
    ],
)
def test_a_mistake_in_a_deployments_drafts_is_told_at_its_start(
    settings_of: Callable[..., Settings], tmp_path: Path, wrong: str, said: str
) -> None:
    file = tmp_path / "drafts.yaml"
    file.write_text(wrong, encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        context_of(settings_of(drafts=file))

    assert any(said in problem for problem in refused.value.problems), refused.value.problems
