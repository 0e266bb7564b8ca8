"""The page on which the demo's staff sign in: it is its own, and nobody else's page uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import urllib3

from workflows.demo.office.clerk import Clerk
from workflows.demo.office.door import Door

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def door() -> Iterator[Door]:
    # Nobody listens at that address: the console is away.
    console = "http://127.0.0.1:1"
    made = Door([Clerk(console, "demo-admin", "a & <b>", SECRET)], console)
    yield made
    made.stop()


def test_it_says_who_there_is_and_what_they_type(door: Door) -> None:
    page = urllib3.request("GET", f"{door.url}/")

    assert page.status == 200
    assert page.headers["Cache-Control"] == "no-store"
    text = page.data.decode()
    assert "demo-admin" in text
    assert "a &amp; &lt;b&gt;" in text
    assert SECRET not in text


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/as/demo-admin", {"Origin": "http://shop.example"}, 403),
        ("/as/demo-admin", {"Host": "shop.example"}, 403),
        ("/as/demo-admin", {}, 409),
        ("/as/nobody", {}, 404),
    ],
)
def test_no_other_page_signs_anybody_in(
    door: Door, path: str, headers: dict[str, str], status: int
) -> None:
    answer = urllib3.request("POST", f"{door.url}{path}", headers=headers, redirect=False)

    assert answer.status == status
    assert "Set-Cookie" not in answer.headers
