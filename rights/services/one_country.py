"""
The holidays of one country, without loading those of 250.

The library loads every country as soon as one is asked for: 9 MB in each process, most of what a
relay's look over the clocks needs beside its code. A country's own file needs none of the others,
so it is loaded by itself; where one builds upon another, the library loads the rest as ever.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import RLock
from typing import Any, Final

import holidays
from holidays.registry import COUNTRIES

_FOLDER: Final = Path(holidays.__file__).parent / "countries"
_LOCK: Final = RLock()


def country_holidays(country: str, **asked: Any) -> holidays.HolidayBase:
    """
    Return what ``holidays.country_holidays`` does, with the same arguments.

    Raises:
        NotImplementedError: the library has no such country or subdivision.
    """
    file, name = _places().get(country, ("", ""))
    if not (_FOLDER / f"{file}.py").is_file():  # a later version may keep them elsewhere
        return holidays.country_holidays(country, **asked)
    made: holidays.HolidayBase = getattr(_loaded(file), name)(**asked)
    return made


def _places() -> dict[str, tuple[str, str]]:
    return {code: (file, name) for file, (name, *codes) in COUNTRIES.items() for code in codes}


def _loaded(file: str) -> Any:
    """Return the module of a country, loaded once under a name that is not the library's."""
    name = f"{__name__}.{file}"
    with _LOCK:
        if name not in sys.modules:
            spec = spec_from_file_location(name, _FOLDER / f"{file}.py")
            assert spec is not None
            assert spec.loader is not None
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            sys.modules[name] = module
        return sys.modules[name]
