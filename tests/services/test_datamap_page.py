"""The data map's reference page: complete, and its examples are what the loader reads."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from marshmallow import Schema

from rights.services.datamap import parse, schemas
from rights.services.datamap.reading import read

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "datamap.md").read_text(encoding="utf-8")


def keys_of(shape: type[Schema]) -> set[str]:
    return {field.data_key or name for name, field in shape().fields.items()}


def test_the_reference_page_names_every_key() -> None:
    shapes = [s for s in vars(schemas).values() if isinstance(s, type) and issubclass(s, Schema)]
    keys = set().union(*(keys_of(shape) for shape in shapes))

    assert not {key for key in keys if not re.search(rf"\b{key}\b", PAGE)}


@pytest.mark.parametrize(
    "example", [b for b in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "stores:" in b]
)
def test_whole_maps_on_the_reference_page_load(example: str) -> None:
    if example.startswith("stores:"):
        example = "version: 1\nidentifiers: {user_id: {kind: account}}\n" + example

    assert parse(example).stores


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_every_example_on_the_reference_page_has_the_right_shape(example: str) -> None:
    indented = textwrap.indent(textwrap.dedent(example), "  ")
    document, problems = read(f"part:\n{indented}", "example")
    part = document.data["part"]
    whole = not isinstance(part, list) and part.keys() <= keys_of(schemas.MapShape)
    shape = schemas.MapShape if whole else schemas.CollectionShape

    assert problems == []
    assert shape(partial=True, many=isinstance(part, list)).load(part)
