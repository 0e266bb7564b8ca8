"""A data map whose stores give data to others."""

from __future__ import annotations

from pathlib import Path

from tests.web.house import HERE

PARCEL, MILL = "Parcel Ltd", "Mill GmbH"
_SHOP = '- name: shop\n  connector: sql\n  settings: {url: "${secret:SHOP_URL}"}\n'
_TO_TWO = f"""\
  recipients:
  - {{name: {PARCEL}, contact: p@example.com, country: IE}}
  - {{name: {MILL}, contact: m@example.com, country: DE}}
"""
_MAILER = '- name: mailer\n  connector: http_backend\n  settings: {url: "http://127.0.0.1:1"}\n'
_TO_ONE = "  recipients:\n  - {name: Post AG, contact: x@example.com, country: DE}\n"


def giving(folder: Path) -> Path:
    """Write the web's map with two recipients of the shop, and a third of the mailer."""
    text = (HERE / "datamap.yaml").read_text(encoding="utf-8")
    assert _SHOP in text
    assert _MAILER in text
    text = text.replace(_SHOP, _SHOP + _TO_TWO).replace(_MAILER, _MAILER + _TO_ONE)
    place = folder / "recipients.yaml"
    place.write_text(text, encoding="utf-8")
    return place
