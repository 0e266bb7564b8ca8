"""Whether the shop's page opens the portal: its token, sent as its browser would send it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import urllib3

from rights.domain.kinds import Kind
from rights.services import catalogue
from workflows.demo.company.people import Person
from workflows.demo.company.website.customers import Customers
from workflows.demo.company.website.pages import Product, create
from workflows.demo.company.website.vouching import RightsApi
from workflows.demo.house.backend import show_portal_at
from workflows.demo.house.building import House

_ORIGIN: Final = "http://localhost:1"
"""Whose pages the shop's are in this run, in which nobody needs to reach them."""
_SEE_OTHER: Final = 303


def portal_opens(house: House, person: Person) -> str:
    """Return what is wrong, or nothing: whoever signs in to the shop is shown their rights."""
    show_portal_at(house.addresses.register_url, _ORIGIN, now=datetime.now(UTC))
    token = _token(house, person)
    entered = urllib3.request(
        "POST",
        f"{house.addresses.base_url}/portal/enter",
        headers={"Origin": _ORIGIN, "Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode({"token": token, "lang": person.locale}),
        redirect=False,
    )
    if entered.status != _SEE_OTHER:
        return f"entering was answered with {entered.status}"
    cookies = [one.partition(";")[0] for one in entered.headers.getlist("Set-Cookie")]
    url = f"{house.addresses.base_url}{entered.headers['Location']}"
    page = urllib3.request("GET", url, headers={"Cookie": "; ".join(cookies)}).data.decode()
    offered = catalogue.words()["kinds"][Kind.ACCESS]["about"][person.locale]
    return "" if offered in page else "the page does not offer a right"


def _token(house: House, person: Person) -> str:
    rights = RightsApi(house.addresses.base_url, house.backend.key, house.backend.signature)
    product = Product(_ORIGIN, Customers(house.places.shop_file), rights)
    browser = create(product).test_client()
    browser.post("/sign-in", data={"account": str(person.id)}, headers={"Origin": _ORIGIN})
    answer = browser.post("/my/portal-token", headers={"Origin": _ORIGIN})
    return str((answer.get_json(silent=True) or {}).get("token", ""))
