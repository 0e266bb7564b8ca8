"""What a data map may say of a dialogue, and of training a model with what people confide."""

from __future__ import annotations

import pytest

from rights.domain.conversation import Conversation
from rights.domain.errors import ConfigError
from rights.services.datamap import parse

MAP = """
version: 1
identifiers: {user_id: {kind: account}}
purposes:
- {name: service, title: {zh: 服务, en: Service}, basis: contract}
- {name: model, title: {zh: 模型, en: Model}, basis: consent, use: training, manner: separate}
stores:
- name: app
  connector: sql
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none}
  collections:
  - name: users
    identifies: {user_id: id}
  - name: messages
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    conversation: {session: session_id, text: content, at: sent_at}
    fields:
    - {name: id, category: chat, disclose: true}
    - {name: session_id, category: chat, disclose: true}
    - {name: content, category: chat, disclose: true, sensitive: true, purposes: [service, model]}
    - {name: sent_at, category: chat, disclose: true}
  - name: replies
    key: [id]
    links: [{columns: [message_id], to: messages, role: owner}]
    fields: [{name: body, category: chat, disclose: true, sensitive: true}]
"""


def _wrong(old: str, new: str) -> list[str]:
    assert old in MAP
    with pytest.raises(ConfigError) as caught:
        parse(MAP.replace(old, new))
    return list(caught.value.problems)


def test_a_collection_says_that_it_is_a_dialogue() -> None:
    datamap = parse(MAP)

    said = datamap.collection("app.messages").conversation
    assert said == Conversation("session_id", "content", "sent_at")
    assert datamap.collection("app.users").conversation is None
    assert datamap.purposes["model"].separate is True
    assert datamap.purposes["service"].separate is False


_LINK = "links: [{columns: [user_id], to: users, role: owner}]"
_ID = "{name: id, category: chat, disclose: true}"
_SAID = "    conversation:"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (f"key: [id]\n    {_LINK}", _LINK, "without a key"),
        ("session: session_id", "session: room", "shows people room"),
        ("text: content", "text: body", "shows people body"),
        ("at: sent_at}", "at: written}", "shows people written"),
        (_ID, "{name: id, category: chat}", "shows people id"),
        ("session: session_id, ", "", "session: is missing"),
        ("at: sent_at}", "at: sent_at, who: me}", "who"),
        (_LINK, _LINK.replace("owner", "accessor"), "nobody's own"),
        (_SAID, f"    erasure: keep\n    because: a law\n{_SAID}", "no deletion removes"),
    ],
)
def test_each_mistake_is_named(old: str, new: str, told: str) -> None:
    problems = _wrong(old, new)

    assert any(told in line and "conversation" in line for line in problems), problems


def test_rows_that_are_people_are_no_dialogue() -> None:
    said = "    conversation: {session: id, text: id, at: id}\n"
    problems = _wrong("    identifies: {user_id: id}\n", f"    identifies: {{user_id: id}}\n{said}")

    assert any("its rows are people" in line for line in problems)


@pytest.mark.requirement("R-H16-1")
@pytest.mark.parametrize(
    "purpose",
    [
        "basis: consent, use: training",
        "basis: contract, use: training",
        "basis: consent, use: both, manner: express",
    ],
)
def test_what_people_confide_trains_with_separate_consent_alone(purpose: str) -> None:
    problems = _wrong("basis: consent, use: training, manner: separate", purpose)

    (told,) = [line for line in problems if "confide" in line]
    assert "fields[2].purposes" in told or "content" in told
    assert "manner: separate" in told


def test_a_field_that_trains_names_the_purpose_that_was_agreed_to() -> None:
    ai = "sensitive: true, ai: {role: chat_history, use: training}}]"

    problems = _wrong("sensitive: true}]", ai)

    assert any("for no purpose that anybody agreed to" in line for line in problems)


def test_a_manner_belongs_to_consent() -> None:
    problems = _wrong(
        "en: Service}, basis: contract}", "en: Service}, basis: contract, manner: separate}"
    )

    assert any("says how consent is given" in line for line in problems)
