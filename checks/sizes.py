"""
Whether every module and function is short enough to read in one go.

A module has at most 400 lines, a function at most 40, its decorators and docstring included.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 40
_ROOT = Path(__file__).parents[1]
_NOT_OURS = {".cache", ".git", ".tools", ".venv", "build", "dist", "node_modules"}


def python_files(root: Path) -> list[Path]:
    """Return every Python file of the tree but those of installed packages."""
    return sorted(
        path
        for path in root.rglob("*.py")
        if not _NOT_OURS & set(path.relative_to(root).parts[:-1])
    )


def too_long(text: str) -> Iterator[str]:
    """Yield what is too long in one module, with its line."""
    lines = len(text.splitlines())
    if lines > MODULE_LINES:
        yield f"1: the module has {lines} lines, {MODULE_LINES} are allowed"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
            lines = (node.end_lineno or first) - first + 1
            if lines > FUNCTION_LINES:
                yield f"{first}: {node.name} has {lines} lines, {FUNCTION_LINES} are allowed"


def main() -> int:
    """Print each place that is too long."""
    files = python_files(_ROOT)
    found = [
        f"{path.relative_to(_ROOT)}:{line}"
        for path in files
        for line in too_long(path.read_text(encoding="utf-8"))
    ]
    print(f"{len(files)} modules read")
    for line in found:
        print(line)
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
