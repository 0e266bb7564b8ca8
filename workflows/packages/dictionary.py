"""``dictionary.csv`` and ``dictionary.json``: what each field of the data files means."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from connectors.sdk import Collection, DataMap, MapField
from workflows.packages.disclosure import Policy, act
from workflows.packages.facts import shown_fields
from workflows.packages.spool import FILE_FIELD
from workflows.packages.spool_index import Spooled
from workflows.packages.tables import BOM, cell
from workflows.packages.words import Both, both, word

_COLUMNS: Final = (
    "store",
    "collection",
    "field",
    "title_zh",
    "title_en",
    "category",
    "category_zh",
    "category_en",
    "source",
    "source_zh",
    "source_en",
    "purposes",
    "basis",
    "sensitive",
    "given_as",
)

_FORMATS: Final = {
    "jsonl": {
        "zh-CN": "每行一条记录（JSON），UTF-8 编码。",
        "en": "One record a line, as JSON, in UTF-8.",
    },
    "csv": {
        "zh-CN": (
            "UTF-8（带字节顺序标记），逗号分隔，CRLF 换行。为防止被电子表格当作公式执行，"
            "以 = + - @ ' 等开头的文本前加了一个撇号；去掉这一个撇号即为原值。数字保持不变。"
            "空单元格表示无值或空文本。"
        ),
        "en": (
            "UTF-8 with a byte order mark, commas, CRLF. A text beginning with = + - @ ' or the "
            "like has one apostrophe put in front, so that no spreadsheet runs it; take that "
            "one away to get the value. Numbers are unchanged. An empty cell is no value or an "
            "empty text."
        ),
    },
}

_FILE_TITLE: Final = Both("文件在本副本中的位置", "Where the file is in this package")


def entries(
    datamap: DataMap, spooled: Sequence[Spooled], policy: Policy
) -> Iterator[dict[str, Any]]:
    """Yield one entry for each field of the collections that hold something."""
    held = {s.collection: s for s in spooled if s.records}
    for collection in datamap.collections:
        found = held.get(collection.path)
        if found is None:
            continue
        for of in shown_fields(collection, found, policy):
            yield _entry(collection, of, policy)
        if FILE_FIELD in found.columns:
            yield _file_entry(collection)


def as_csv(found: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the dictionary as a table, in the same form as the data files."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(_COLUMNS)
    for entry in found:
        rows.writerow([_flat(entry[name]) for name in _COLUMNS])
    return BOM + out.getvalue().encode()


def as_json(found: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the dictionary with the description of the file formats."""
    body = {"formats": _FORMATS, "fields": list(found)}
    return orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _entry(collection: Collection, of: MapField, policy: Policy) -> dict[str, Any]:
    title = both(of.title, of.name)
    category = word("categories", of.category)
    source = word("sources", of.source)
    return {
        "store": collection.store,
        "collection": collection.name,
        "field": of.name,
        "title_zh": title.zh,
        "title_en": title.en,
        "category": of.category,
        "category_zh": category.zh,
        "category_en": category.en,
        "source": str(of.source),
        "source_zh": source.zh,
        "source_en": source.en,
        "purposes": list(of.purposes),
        "basis": of.basis,
        "sensitive": of.sensitive,
        "given_as": "description" if act(of, policy)[0] == "describe" else "value",
    }


def _file_entry(collection: Collection) -> dict[str, Any]:
    return {
        **dict.fromkeys(_COLUMNS, ""),
        "store": collection.store,
        "collection": collection.name,
        "field": FILE_FIELD,
        "title_zh": _FILE_TITLE.zh,
        "title_en": _FILE_TITLE.en,
        "purposes": [],
        "sensitive": False,
        "given_as": "value",
    }


def _flat(value: Any) -> Any:
    return cell(" ".join(value) if isinstance(value, list) else value)
