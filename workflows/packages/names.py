"""
File names inside a package that are safe on every system that may unpack it.

Names come from stores and from people. None may leave the folder it is unpacked to, hide what
it is, or mean a device on Windows.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LONGEST_SEGMENT: Final = 120
_LONGEST_EXTENSION: Final = 16
_DEEPEST: Final = 6
_FORBIDDEN: Final = re.compile(r'[<>:"|?*\\]')
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"com{n}" for n in "123456789¹²³"}
    | {f"lpt{n}" for n in "123456789¹²³"}
)
_PROGRAMS: Final = frozenset(
    ("app", "bat", "cmd", "com", "cpl", "desktop", "exe", "hta", "jar", "lnk", "msi", "pif", "scr")
)
_SCRIPTS: Final = frozenset(("js", "mjs", "ps1", "sh", "url", "vbs"))
_MARKUP: Final = frozenset(
    ("htm", "html", "mht", "mhtml", "svg", "svgz", "webarchive", "xht", "xhtml", "xml", "xsl")
)
_ACTIVE: Final = _PROGRAMS | _SCRIPTS | _MARKUP


def safe_path(name: str) -> str:
    """Return *name* as a relative path that stays where it is put; never empty."""
    parts = [safe_segment(part) for part in re.split(r"[/\\]", name) if part.strip(" .\t")]
    return "/".join(parts[-_DEEPEST:]) or "file"


def safe_segment(name: str) -> str:
    """Return *name* as one folder's or file's name; never empty."""
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    # Cc, Cf, Co, Cs, Cn: what cannot be seen, such as the sign that turns "gpj.exe" around.
    seen = "".join(c for c in text if not unicodedata.category(c).startswith("C"))
    plain = _FORBIDDEN.sub("_", seen).replace("/", "_").strip().rstrip(". ")
    if not plain or plain.strip(".") == "":
        return "file"
    if plain.split(".", 1)[0].strip().lower() in _DEVICES:
        plain = f"_{plain}"
    return _shortened(plain)


def is_active(path: str) -> bool:
    """Tell whether opening the file could run something: the page then does not link to it."""
    _, dot, extension = path.rpartition(".")
    return bool(dot) and extension.lower() in _ACTIVE


class Names:
    """Gives every file of one folder a name of its own, whatever case a system ignores."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        # Ten thousand files of one name must not be numbered by trying from 2 each time.
        self._last: dict[str, int] = {}

    def take(self, name: str) -> str:
        """Return a safe path made from *name* that was not given before."""
        first = path = safe_path(name)
        stem, dot, extension = _split_extension(first)
        count = self._last.get(first.casefold(), 1)
        while (folded := path.casefold()) in self._taken:
            count += 1
            path = f"{stem} ({count}){dot}{extension}"
        self._taken.add(folded)
        self._last[first.casefold()] = count
        return path


def _split_extension(path: str) -> tuple[str, str, str]:
    stem, dot, extension = path.rpartition(".")
    if not stem or "/" in extension or len(extension) > _LONGEST_EXTENSION:
        return path, "", ""
    return stem, dot, extension


def _shortened(name: str) -> str:
    """Cut to what every file system takes, in bytes, keeping the extension."""
    if len(name.encode()) <= _LONGEST_SEGMENT:
        return name
    stem, dot, extension = _split_extension(name)
    tail = f"{dot}{extension}"
    kept = stem.encode()[: _LONGEST_SEGMENT - len(tail.encode())].decode("utf-8", "ignore")
    return f"{kept.rstrip()}{tail}"
