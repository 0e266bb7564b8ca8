"""What a letter can say of who wrote is what a call of the API can."""

from __future__ import annotations

from rights.services import writers
from rights.web.schemas.requests import Requester


def test_what_can_be_said_of_who_wrote_is_what_the_api_takes() -> None:
    assert set(writers.FIELDS) == set(Requester().fields)
