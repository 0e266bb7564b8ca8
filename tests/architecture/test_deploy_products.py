"""The console's role suffices to end keys and to send events again, and to say that it is ready."""

from __future__ import annotations

from rights.store.ids import new_id
from rights.store.models import BackendKey, WebhookDelivery, WebhookSubscription
from tests.architecture.desk import Office
from tests.architecture.test_deploy_console import _did


def test_products_are_looked_after_with_the_consoles_role(office: Office) -> None:
    ada, hook = office.clerk("ada"), office.only(WebhookSubscription)
    lost = WebhookDelivery(
        subscription_id=hook.id,
        event_id="m1",
        event="test",
        body="{}",
        state="dead",
        created_at=office.house.clock.now(),
    )
    office.add(lost)
    key = office.only(BackendKey)

    _did(ada.force(f"/products/webhooks/{hook.id}/again"))
    page = _did(ada.force(f"/products/keys/{key.id}/revoke"))

    assert "1 on its way" in page.text
    assert office.only(BackendKey).revoked_at is not None
    assert office.only(WebhookDelivery, WebhookDelivery.event_id == "m1").state == "waiting"


def test_lost_events_are_looked_after_one_by_one_with_the_consoles_role(office: Office) -> None:
    ada, hook = office.clerk("ada"), office.only(WebhookSubscription)
    at, made = office.house.clock.now(), [new_id(), new_id()]
    given = {"subscription_id": hook.id, "event": "test", "body": "{}", "state": "dead"}
    for one in made:
        office.add(WebhookDelivery(id=one, event_id=one, created_at=at, **given))
    path = f"/products/webhooks/{hook.id}/lost"

    listed = _did(ada.get(path))
    _did(ada.force(f"{path}/{made[0]}/again"))
    _did(ada.force(f"{path}/{made[1]}/discard", reason="not_wanted"))

    assert all(one in listed.text for one in made)
    states = [office.only(WebhookDelivery, WebhookDelivery.id == one).state for one in made]
    assert states == ["waiting", "discarded"]


def test_the_console_says_that_it_is_ready_with_its_own_role(office: Office) -> None:
    said = office.console.app.test_client().get("/console/readyz")

    assert (said.status_code, said.json) == (
        200,
        {"status": "ok", **dict.fromkeys(("register", "keys", "evidence", "redis"), "up")},
    )
