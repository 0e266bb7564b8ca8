"""Whether the receipts of requests say everything that a law wants in them, in each language."""

from __future__ import annotations

import sys
from pathlib import Path

from rights.services import words
from rights.services.regimes import regimes
from workflows.notices.elements import lacking

FOLDER = Path(__file__).parents[1] / "workflows" / "notices" / "words"


def main(folder: Path = FOLDER) -> int:
    """Print each element that is missing."""
    catalogues = {language: words.catalogue(folder, language) for language in words.LANGUAGES}
    found = lacking(regimes(), catalogues)
    print(f"{len(catalogues)} languages read")
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
