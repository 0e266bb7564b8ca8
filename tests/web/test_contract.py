"""The contract is what the code serves, its pages say so, and every problem has its paragraph."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from rights.domain import errors
from rights.web import contract, examples
from rights.web.problems import STATUS, catalogue
from tests.web.house import ALICE, House

ROOT = contract.ROOT
METHODS = {"get", "head", "post", "put", "patch", "delete"}


def _operations() -> list[dict[str, Any]]:
    return [
        operation
        for item in contract.agreed()["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_contract_and_code_say_the_same() -> None:
    assert contract.check() == []


@pytest.mark.parametrize(
    ("agreed", "served", "said"),
    [
        ({"a": 1}, {}, "/a: in openapi.yaml only"),
        ({}, {"a": 1}, "/a: in the code only"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "/a/b: differs"),
    ],
)
def test_a_difference_is_named_with_its_direction(agreed: Any, served: Any, said: str) -> None:
    assert list(contract.differences(agreed, served)) == [said]


def test_the_contract_is_valid_openapi_3_1() -> None:
    document = contract.agreed()

    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_operation_has_a_name_of_its_own_a_summary_and_its_problems() -> None:
    operations = _operations()

    names = [o["operationId"] for o in operations]
    assert len(set(names)) == len(names)
    for operation in operations:
        assert operation["summary"], operation["operationId"]
        said = set(operation["responses"])
        assert said >= {"429", "500", "503"}
        if operation["security"]:
            assert said >= {"401"}
        if "requestBody" in operation:
            assert said >= {"400", "413", "415", "422"}


def test_the_reference_page_shows_every_call_with_curl() -> None:
    page = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")

    for call in examples.calls(contract.agreed()):
        assert f"## `{call.method} {call.path}`" in page
        assert call.curl in page


def test_the_pages_name_everything_a_call_takes_and_what_it_may_be(house: House) -> None:
    page = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    docs = house.client.get("/docs").get_data(as_text=True)
    (create,) = [c for c in examples.calls(contract.agreed()) if c.name == "create_request"]
    takes = {t.name: t for t in create.takes}

    assert takes["kind"].needed and not takes["option"].needed
    assert "one of access, copy, correction" in takes["kind"].about
    assert takes["Idempotency-Key"].place == "header"
    assert takes["values.changes[].field"].needed
    for call in examples.calls(contract.agreed()):
        for one in call.takes:
            assert f"`{one.name}`" in page
            assert f"<code>{one.name}</code>" in docs


def test_each_problem_of_a_call_leads_to_its_explanation(house: House) -> None:
    docs = house.client.get("/docs").get_data(as_text=True)
    linked = {part.partition('"')[0] for part in docs.split('href="/problems/')[1:]}

    assert {"wrong_code", "level_too_low", "too_late_to_cancel"} <= linked
    for code in linked:
        assert house.client.get(f"/problems/{code}").status_code == 200


def test_every_example_is_taken_by_its_call(house: House) -> None:
    """A body that is shown is one that works: none is refused for its form."""
    for call in examples.calls(contract.agreed()):
        body = examples._BODIES.get(call.name)  # noqa: SLF001 - what is shown
        if body is None:
            continue
        parts = call.path.split("/")
        path = "/".join("0" * 32 if p.startswith("{") else p for p in parts)
        response = house.call(call.method, path, body)
        assert response.status_code in (200, 201, 202, 401, 404, 422), call.name
        if response.status_code == 422:
            fields = {e["field"] for e in response.json["errors"]}
            assert fields <= {"url"}, (call.name, response.json)  # a name nobody resolves here


def test_every_code_that_is_raised_has_its_paragraph() -> None:
    raised = set()
    for folder in ("rights/services", "rights/web", "rights/store"):
        for file in (ROOT / folder).rglob("*.py"):
            raised |= set(_codes(file))
    by_class = {kind.code for kind in STATUS}
    page = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")

    assert raised | by_class <= set(catalogue())
    for code in catalogue():
        assert f"## `{code}` (" in page


def _codes(file: Path) -> list[str]:
    """Return the codes that errors of the web's kinds are raised with."""
    kinds = {kind.__name__ for kind in STATUS}
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
            words = (w.value for w in node.keywords if w.arg == "code")
            found += [str(word.value) for word in words if isinstance(word, ast.Constant)]
    return found


def test_every_code_is_explained_in_both_languages() -> None:
    for code, entry in catalogue().items():
        assert set(entry["title"]) == set(entry["about"]) == {"en", "zh-CN"}, code
        assert ("http" in entry) != ("error" in entry), code
        assert "error" not in entry or issubclass(getattr(errors, entry["error"]), Exception)


def test_the_pages_are_served_without_scripts_and_from_here_alone(house: House) -> None:
    docs = house.client.get("/docs").get_data(as_text=True)
    text = house.client.get("/openapi.yaml").get_data(as_text=True)

    assert yaml.safe_load(text) == contract.agreed()
    assert "<script" not in docs and "style=" not in docs and "http" not in _links(docs)
    for call in examples.calls(contract.agreed()):
        assert f'id="{call.name}"' in docs
    with house.client.get("/static/pages.css") as style:
        assert style.status_code == 200


def _links(page: str) -> str:
    return " ".join(
        part.partition('"')[0] for key in ("href", "src") for part in page.split(f'{key}="')[1:]
    )


def test_a_problems_address_explains_it_in_both_languages(house: House) -> None:
    problem = house.post("/v1/requests", {"kind": "x", "subject": ALICE}).json

    page = house.client.get(problem["type"]).get_data(as_text=True)

    assert catalogue()["invalid"]["title"]["zh-CN"] in page
    assert house.client.get("/problems/nonsense").status_code == 404


def test_the_command_says_where_they_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "openapi.yaml"
    document = contract.agreed()
    del document["paths"]["/v1/kinds"]
    other.write_text(yaml.safe_dump(document))
    monkeypatch.setattr(contract, "FILE", other)

    assert contract.main(["--check"]) == 1
    assert "/paths//v1/kinds: in the code only" in capsys.readouterr().err
