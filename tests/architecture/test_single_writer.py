"""
Only ``rights/services/requests.py`` says what state a request is in.

Read from the syntax trees, so a new place is found whether or not a test reaches it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.tree import ROOT

_WRITER = "rights/services/requests.py"
_MODEL = "Request"
# Rows that have a state of their own. A name that is not among them is taken for a request's.
_OTHERS = {"delivery", "fresh", "lookup", "notice", "package", "preference", "row", "step"}

Assignment = ast.Assign | ast.AugAssign | ast.AnnAssign


def _writes(source: str) -> list[int]:
    """Return the line of everything in a module that sets the state of a request."""
    tree = ast.parse(source)
    requests = set(_requests(tree))
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, Assignment):
            hit = any(_sets(target, requests) for target in _targets(node))
        else:
            hit = isinstance(node, ast.Call) and (_makes(node) or _by_name(node))
        found |= {getattr(node, "lineno", 0)} if hit else set()
    return sorted(found)


def _targets(node: Assignment) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _sets(target: ast.expr, requests: set[str]) -> bool:
    """Tell whether ``x.state = …`` is about a request, in a tuple of targets too."""
    owners = (
        _last(part.value)
        for part in ast.walk(target)
        if isinstance(part, ast.Attribute) and part.attr == "state"
    )
    return any(owner in requests or owner not in _OTHERS for owner in owners)


def _requests(tree: ast.AST) -> Iterator[str]:
    """Yield names that hold a request: annotated so, or taken from what speaks of requests."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            if _speaks(node.annotation):
                yield node.arg
        elif isinstance(node, Assignment) and node.value is not None and _speaks(node.value):
            yield from (t.id for t in _targets(node) if isinstance(t, ast.Name))


def _speaks(node: ast.expr) -> bool:
    """Tell whether an annotation is ``Request``, or a call returns one: ``get(Request, …)``."""
    if isinstance(node, ast.Call):
        service = isinstance(node.func, ast.Attribute) and _last(node.func.value) == "requests"
        return service or any(_last(argument) == _MODEL for argument in node.args)
    return _last(node) == _MODEL


def _makes(call: ast.Call) -> bool:
    """Find ``Request(state=…)``, ``new(Request, state=…)``, ``update(Request).values(…)``."""
    says = any(k.arg in ("state", None) for k in call.keywords) or any(
        isinstance(c, ast.Constant) and c.value == "state"
        for d in ast.walk(call)
        if isinstance(d, ast.Dict)
        for c in d.keys
    )
    about = [_last(n) for n in (call.func, *call.args)]
    if isinstance(call.func, ast.Attribute) and call.func.attr == "values":
        built = (n for n in ast.walk(call.func.value) if isinstance(n, ast.Call))
        about += [_last(a) for n in built if _last(n.func) == "update" for a in n.args]
    return says and _MODEL in about


def _by_name(call: ast.Call) -> bool:
    """Find ``setattr(…, "state", …)``: who writes so wants not to be found."""
    given = {a.value for a in call.args if isinstance(a, ast.Constant)}
    return _last(call.func) in {"setattr", "__setattr__"} and "state" in given


def _last(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _places() -> dict[str, list[int]]:
    modules = [p for room in ("rights", "workflows") for p in sorted((ROOT / room).rglob("*.py"))]
    found = {str(p.relative_to(ROOT)): _writes(p.read_text(encoding="utf-8")) for p in modules}
    return {path: lines for path, lines in found.items() if lines}


def test_one_line_of_the_product_sets_the_state_of_a_request() -> None:
    places = _places()

    assert list(places) == [_WRITER]
    assert len(places[_WRITER]) == 1


@pytest.mark.parametrize(
    "line",
    [
        "request.state = State.DENIED",
        "req.state = 'denied'",
        "claim.request.state = State.DENIED",
        "request.state, request.wait = State.DENIED, Wait.NONE",
        "row = session.get(Request, key)\nrow.state = State.DENIED",
        "row = requests.locked(session, key)\nrow.state = State.DENIED",
        "def end(row: Request) -> None:\n    row.state = State.DENIED",
        "whatever.state: State = State.DENIED",
        "Request(id=key, state=State.DENIED)",
        "models.Request(**values)",
        "rows.new(Request, state=State.DENIED)",
        "rows.insert(session, Request, [{'state': 'denied'}])",
        "update(Request).where(mine).values(state='denied')",
        "update(Request).values({'state': 'denied'})",
        "setattr(request, 'state', State.DENIED)",
    ],
)
def test_every_way_of_setting_it_would_be_found(line: str) -> None:
    assert len(_writes(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "row.state = StepState.DONE",
        "row.state, row.next_at = StepState.TODO, None",
        "update(StepRow).values(state='done')",
        "if request.state == State.DENIED: pass",
        "select(Request).where(Request.state == state)",
        "request.wait = Wait.TASK",
        "Request(id=key)",
    ],
)
def test_what_sets_something_else_is_left_alone(line: str) -> None:
    assert _writes(line) == []
