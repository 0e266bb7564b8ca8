"""
The data map: YAML in, domain types out, every mistake at once.

``load`` reads a file or a folder of files; ``parse`` reads text; ``stubs`` reads only where the
stores are, for a map that is still to be written.
"""

from __future__ import annotations

from rights.services.datamap.loader import Tell, load, parse, stubs

__all__ = ["Tell", "load", "parse", "stubs"]
