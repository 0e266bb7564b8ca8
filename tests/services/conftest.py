"""Fixtures for services that read files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rights.services.regimes import FOLDER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "regimes"
    shutil.copytree(FOLDER, copy)
    return copy


@pytest.fixture
def override(tmp_path: Path) -> Path:
    return tmp_path / "override.yaml"
