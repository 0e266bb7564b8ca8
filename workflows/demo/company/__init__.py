"""
The demo company: who its people are and what its five stores hold about them.

Everything follows from a seed and a day, so two runs on one day are the same to the byte.
"""

from __future__ import annotations

from pathlib import Path


def datamap_file() -> Path:
    """Return the file of the company's data map."""
    return Path(__file__).with_name("datamap.yaml")


def profile_file() -> Path:
    """Return the file in which the company describes itself."""
    return Path(__file__).with_name("organisation.yaml")
