"""The size check counts what a reader has to read."""

from __future__ import annotations

from checks.sizes import FUNCTION_LINES, MODULE_LINES, python_files, too_long
from tests.architecture.tree import ROOT


def _function(lines: int) -> str:
    return "def long():\n" + "    pass\n" * (lines - 1)


def test_a_function_at_the_limit_passes_and_one_line_more_does_not() -> None:
    assert list(too_long(_function(FUNCTION_LINES))) == []
    assert list(too_long("\n\n" + _function(FUNCTION_LINES + 1))) == [
        f"3: long has {FUNCTION_LINES + 1} lines, {FUNCTION_LINES} are allowed"
    ]


def test_decorators_and_methods_and_coroutines_count() -> None:
    decorated = "@cache\n" + _function(FUNCTION_LINES)
    method = "class A:\n" + "".join(
        f"    {line}\n" for line in f"async {_function(FUNCTION_LINES + 1)}".splitlines()
    )

    assert len(list(too_long(decorated))) == 1
    assert len(list(too_long(method))) == 1


def test_a_module_at_the_limit_passes_and_one_line_more_does_not() -> None:
    assert list(too_long("a = 1\n" * MODULE_LINES)) == []
    assert len(list(too_long("a = 1\n" * (MODULE_LINES + 1)))) == 1


def test_the_whole_tree_is_read_but_for_installed_packages() -> None:
    found = {str(path.relative_to(ROOT)) for path in python_files(ROOT)}

    assert "tests/architecture/test_sizes.py" in found
    assert {"rights/__init__.py", "workflows/embedded/keeper.py"} <= found
    assert not any("site-packages" in path for path in found)
