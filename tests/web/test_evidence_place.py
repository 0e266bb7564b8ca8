"""Where documents lie, what the settings refuse, and what is left when a record's time is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rights.domain.errors import ConfigError, NotFound
from rights.services import evidence, purge, reaching
from rights.services.rotation import rotate
from rights.settings import Settings
from rights.store.models import Representation
from tests.web.house import House
from tests.web.verifying import accepted, reached, upload


@pytest.mark.requirement("R-ID-3:bad")
@pytest.mark.parametrize("days", [31, 365])
def test_a_lifetime_beyond_the_longest_is_no_setting(
    settings_of: Callable[..., Settings], days: int
) -> None:
    with pytest.raises(ConfigError, match="RIGHTS_EVIDENCE_DAYS"):
        settings_of(evidence_days=days)


@pytest.mark.requirement("R-NEG-24:bad")
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"evidence_url": "s3://packages/prod/evidence"}, "RIGHTS_EVIDENCE_URL"),
        ({"evidence_url": "s3://packages"}, "RIGHTS_EVIDENCE_URL"),
        ({"evidence_url": "s3://documents", "evidence_access_key": "A"}, "EVIDENCE_ACCESS_KEY"),
    ],
)
def test_documents_lie_apart_from_packages_and_open_with_another_key(
    settings_of: Callable[..., Settings], wrong: dict[str, str], named: str
) -> None:
    given = {"blobs_url": "s3://packages/prod", "blobs_access_key": "A", **wrong}

    with pytest.raises(ConfigError, match=named):
        settings_of(**given)


def test_a_deployment_without_a_place_says_so(furnished: Callable[..., House]) -> None:
    house = furnished(evidence_url="")

    said = upload(house, reached(house))

    assert (said.status_code, said.json["code"]) == (503, "no_place")


def test_who_acted_is_forgotten_with_the_record_and_their_address_before(house: House) -> None:
    request_id = reached(house)
    upload(house, request_id)
    accepted(house, request_id)
    house.post(f"/v1/requests/{request_id}/cancel")

    house.clock.forward(days=31)
    purge.purge(house.engine, house.context, house.blobs, now=house.clock.now())

    with house.reading() as session:
        assert reaching.representatives(session, request_id) == []
        row = session.get_one(Representation, request_id)
    assert (row.sealed, row.result) == (b"", "accepted")


def test_rotation_reseals_what_is_kept_of_representatives(house: House) -> None:
    upload(house, reached(house))

    found = rotate(house.engine, house.context.vault)

    assert {"representation", "representative_contact", "evidence"} <= found.keys()


def test_a_document_cannot_be_read_back_over_http(house: House) -> None:
    request_id = reached(house)
    document = upload(house, request_id).json["id"]

    assert house.get(f"/v1/requests/{request_id}/evidence/{document}").status_code == 404
    with pytest.raises(NotFound):
        next(house.blobs.read(evidence.key_of(document)))
