"""
The contract, compared with the code in both directions: ``python -m rights.web.contract``.

``openapi.yaml`` at the root is what was agreed; what the code serves must be that, no more and
no less. ``--write`` writes it, and the two pages of the documentation that follow from it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from flask import Flask

from rights import yaml_file
from rights.web import examples
from rights.web.api import AREAS
from rights.web.openapi import contract
from rights.web.pages import written
from rights.web.problems import catalogue, status_of

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "openapi.yaml"
CALLS: Final = ROOT / "docs" / "reference" / "api.md"
ERRORS: Final = ROOT / "docs" / "reference" / "errors.md"
_ABSENT: Final = object()


def served() -> dict[str, Any]:
    """Return the contract as the code serves it; needs no setting and no register."""
    app = Flask("contract")
    api = contract(app)
    for area in AREAS:
        api.register_blueprint(area)
    found: dict[str, Any] = api.spec.to_dict()
    return found


def agreed() -> dict[str, Any]:
    """Return the contract that is committed."""
    found: dict[str, Any] = yaml_file.read(FILE)
    return found


def differences(agreed: Any, served: Any, path: str = "") -> Iterator[str]:
    """Name every place where the two differ, and which way."""
    if isinstance(agreed, Mapping) and isinstance(served, Mapping):
        for key in sorted({*agreed, *served}, key=str):
            inner = (agreed.get(key, _ABSENT), served.get(key, _ABSENT))
            yield from differences(*inner, f"{path}/{key}")
    elif served is _ABSENT:
        yield f"{path}: in openapi.yaml only"
    elif agreed is _ABSENT:
        yield f"{path}: in the code only"
    elif agreed != served:
        yield f"{path}: differs"


def calls_page(document: Mapping[str, Any]) -> str:
    """Return the page with an example per call."""
    lines = [
        "# API",
        "",
        "Made from `openapi.yaml` by `python -m rights.web.contract --write`. `$RIGHTS` is the",
        "address of the service, `$KEY` an API key (`rights backend add`), `$GRANT` a download",
        "grant. With a portal token (`pt_…`) in place of the key a person reaches their own",
        "requests. Problems are explained in [errors.md](errors.md).",
        "",
    ]
    for call in examples.calls(document):
        lines += [f"## `{call.method} {call.path}`", "", call.summary, ""]
        if call.description:
            lines += [call.description, ""]
        if call.scope:
            lines += [f"Scope: `{call.scope}`", ""]
        lines += ["```sh", call.curl, "```", ""]
        lines += _takes(call)
        lines += [f"* `{a.status}` {a.about or _codes(a.codes)}" for a in call.answers]
        lines += [""]
    return "\n".join(lines)


def _takes(call: examples.CallExample) -> list[str]:
    """Return the table of what a call takes; nothing for one that takes nothing."""
    if not call.takes:
        return []
    rows = [
        f"| `{t.name}` | {t.place}{', needed' if t.needed else ''} | {_cell(t.about)} |"
        for t in call.takes
    ]
    return ["| takes | in | |", "|---|---|---|", *rows, ""]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _codes(codes: tuple[str, ...]) -> str:
    return ", ".join(f"[`{code}`](errors.md#{code}-{status_of(code)})" for code in codes)


def errors_page() -> str:
    """Return the page with a paragraph per code."""
    lines = [
        "# Errors",
        "",
        "Every problem is an `application/problem+json` document (RFC 9457) with a stable",
        "`code`. The same words are served at `/problems/<code>`. Made from",
        "`rights/catalogue/problems.yaml`.",
        "",
    ]
    for code, entry in catalogue().items():
        lines += [f"## `{code}` ({status_of(code)})", ""]
        lines += [f"**{entry['title']['en']}.** {entry['about']['en']}", ""]
        lines += [f"**{entry['title']['zh-CN']}。** {entry['about']['zh-CN']}", ""]
    return "\n".join(lines)


def check() -> list[str]:
    """Return every difference between what is committed and what the code says."""
    code = served()
    found = list(differences(agreed(), code)) if FILE.exists() else ["openapi.yaml is missing"]
    for file, text in ((CALLS, calls_page(code)), (ERRORS, errors_page())):
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            found.append(f"{file.relative_to(ROOT)}: not what the code says")
    return found


def write() -> None:
    """Write the contract and its pages."""
    code = served()
    CALLS.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(written(code), encoding="utf-8")
    CALLS.write_text(calls_page(code), encoding="utf-8")
    ERRORS.write_text(errors_page(), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, or write; 1 when the contract and the code differ."""
    parser = argparse.ArgumentParser(prog="python -m rights.web.contract", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="compare; say where they differ")
    mode.add_argument("--write", action="store_true", help="write what the code says")
    if parser.parse_args(arguments).write:
        write()
        return 0
    found = check()
    for line in found:
        sys.stderr.write(f"{line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
