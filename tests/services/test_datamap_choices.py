"""What a data map may say of the tags that people may choose."""

from __future__ import annotations

import pytest

from rights.domain import choosable
from rights.domain.errors import ConfigError
from rights.services.datamap import parse

MAP = """
version: 1
identifiers: {user_id: {kind: account}}
stores:
- name: app
  connector: sql
  role: controller
  classification: general
  defaults: {basis: contract, retention: none}
  collections:
  - name: users
    identifies: {user_id: id}
    fields: [{name: illness, category: health, sensitive: true}]
  - name: tags
    key: [user_id, tag]
    links: [{columns: [user_id], to: users, role: owner}]
    tags:
      choices:
      - {tag: tea, title: {zh: 茶, en: Tea}, set: {name: 茶}}
      - {tag: sport, title: {zh: 运动, en: Sport}}
      chosen: {source: chosen}
      since: since
    fields:
    - {name: tag, category: tag, disclose: true}
    - {name: name, category: tag, disclose: true}
    - {name: source, category: tag, disclose: true}
    - {name: since, category: tag, disclose: true}
switches:
- {name: tags, collection: app.tags, column: tag}
"""


def _wrong(old: str, new: str) -> list[str]:
    assert old in MAP
    with pytest.raises(ConfigError) as caught:
        parse(MAP.replace(old, new))
    return list(caught.value.problems)


def test_a_collection_says_which_tags_are_offered_and_how_one_is_written() -> None:
    datamap = parse(MAP)

    (place,) = choosable.places(datamap)
    assert (place.collection.path, place.column, place.link.columns) == (
        "app.tags",
        "tag",
        ("user_id",),
    )
    assert place.tags.since == "since"
    assert place.tags.marks("tea") == {"name": "茶", "source": "chosen"}
    assert place.tags.marks("sport") == {"source": "chosen"}
    assert choosable.offered(datamap) == {
        "tea": {"zh": "茶", "en": "Tea"},
        "sport": {"zh": "运动", "en": "Sport"},
    }
    assert choosable.places(parse(MAP[: MAP.index("    tags:\n      choices")] + _REST)) == ()


_REST = MAP[MAP.index("    fields:\n    - {name: tag,") :]
_SWITCH = "- {name: tags, collection: app.tags, column: tag}"
_OWNER = "links: [{columns: [user_id], to: users, role: owner}]"
_TAG = "{name: tag, category: tag, disclose: true}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (_SWITCH, _SWITCH.replace("tags, c", "personalised, c"), "no switch calls tags"),
        ("key: [user_id, tag]", "key: [id]", "the key is not the owner and tag"),
        ("key: [user_id, tag]", "key: [user_id, tag, kind]", "the key is not the owner and tag"),
        (_OWNER, _OWNER.replace("owner", "accessor"), "the key is not the owner and tag"),
        (
            "    tags:\n",
            "    erasure: keep\n    because: a law\n    tags:\n",
            "nobody could remove",
        ),
        ("{tag: sport,", "{tag: tea,", "offers tea 2 times"),
        ("chosen: {source: chosen}", "chosen: {}", "how a chosen tag is told apart"),
        ("      chosen: {source: chosen}\n", "", "chosen: is missing"),
        ("set: {name: 茶}", "set: {title: 茶}", "writes title"),
        ("set: {name: 茶}", "set: {user_id: 7}", "whose row it is"),
        ("since: since\n", "since: at\n", "writes at"),
        (_TAG, "{name: tag, category: tag}", "writes tag"),
        (", title: {zh: 运动, en: Sport}", "", "title: is missing"),
        ("title: {zh: 运动, en: Sport}", "title: {en: Sport}", "zh: is missing"),
    ],
)
def test_each_mistake_is_named(old: str, new: str, told: str) -> None:
    assert any(told in problem for problem in _wrong(old, new)), _wrong(old, new)


@pytest.mark.parametrize(
    "field", ["{name: tag, category: health, disclose: true}", f"{_TAG[:-1]}, sensitive: true}}"]
)
def test_what_is_sensitive_is_on_no_list(field: str) -> None:
    (problem, *_) = _wrong(_TAG, field)

    assert "offers what is sensitive: tag" in problem
    assert "asked for by itself" in problem


def test_a_list_has_an_end() -> None:
    many = "".join(f"\n      - {{tag: t{n}, title: {{zh: 茶, en: Tea}}}}" for n in range(199))

    (problem,) = _wrong("Sport}}", f"Sport}}}}{many}")

    assert "offers 201 tags" in problem
