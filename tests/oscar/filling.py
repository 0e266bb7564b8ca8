"""
Migrate an empty database to the shop's schema and fill it through the shop's own code.

A program of its own (``python -m tests.oscar.filling URL``), because Django is set up once per
process. What it writes is the same at every run, but for dates, which count back from today.
"""

from __future__ import annotations

import logging
import os
import random
import sys
from datetime import date, timedelta
from typing import Any

from tests.oscar.people import (
    ANNA,
    CLERK,
    CROWD,
    CUSTOMERS,
    FRIEND,
    GUEST,
    LEO,
    MEI,
    VENDOR,
    Person,
)

RECENT_DAYS = (3, 40, 400)
"""Orders that the law still holds."""

OLD_DAYS = (1500, 1800, 2200)
"""Orders older than three years."""


def main(url: str) -> None:
    """Migrate and fill the database at *url*."""
    os.environ["OSCAR_DATABASE_URL"] = url
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.oscar.settings"
    logging.disable(logging.INFO)
    import django  # noqa: PLC0415 - the settings must be there first
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    _hurry()
    call_command("migrate", verbosity=0)
    from django.db import transaction  # noqa: PLC0415 - models can be imported from here on

    with transaction.atomic():
        _Filling().run()


def _hurry() -> None:
    """
    Let migrations look at the direct relations of a model only when its state changes.

    They look at relations of relations, to be ready for models that inherit across apps; none
    here does, and two thirds of the time go into it.
    """
    from django.db.migrations.state import ProjectState  # noqa: PLC0415

    thorough = ProjectState._find_reload_model  # noqa: SLF001

    def direct(self: Any, app_label: str, model_name: str, _delay: Any = None) -> Any:
        return thorough(self, app_label, model_name, delay=True)

    ProjectState._find_reload_model = direct  # noqa: SLF001


class _Filling:
    def __init__(self) -> None:
        from tests.oscar import shop  # noqa: PLC0415 - imports models

        self.code = shop
        self.shop = shop.stock()
        self.random = random.Random(11)
        self.users: dict[Person, Any] = {}
        self.number = 0

    def run(self) -> None:
        """Fill every table that can hold something about a person."""
        for person in (*CUSTOMERS, CLERK):
            self.users[person] = self._account(person)
        self._staff()
        for person in CUSTOMERS:
            self._customer(person)
        self._guest()
        self._between_people()
        self._left_over()

    # -- people ----------------------------------------------------------------------------

    def _account(self, person: Person) -> Any:
        from django.contrib.auth import get_user_model  # noqa: PLC0415

        return get_user_model().objects.create_user(
            username=person.email.replace("@", "-at-")[:30],
            email=person.email,
            password="a password",
            first_name=person.first,
            last_name=person.last,
        )

    def _staff(self) -> None:
        from django.contrib.auth.models import Group, Permission  # noqa: PLC0415

        clerk = self.users[CLERK]
        clerk.is_staff = True
        clerk.save()
        group = Group.objects.create(name="clerks")
        clerk.groups.add(group)
        clerk.user_permissions.add(Permission.objects.get(codename="change_order"))
        self.users[ANNA].groups.add(Group.objects.create(name="tasters"))
        self.shop.partner.users.add(self.users[VENDOR])

    def _customer(self, person: Person) -> None:
        user = self.users[person]
        self._addresses(person)
        self.code.basket_of(user, self.shop, self.random.randrange(6), 5, engrave="别忘了我")
        if person is MEI:
            return
        self._habits(user)
        self._card(person)
        days = {ANNA: (*RECENT_DAYS[:2], OLD_DAYS[0]), LEO: OLD_DAYS[:2]}.get(
            person, (self.random.choice(RECENT_DAYS), self.random.choice(OLD_DAYS))
        )
        for ago in days:
            self._order(person, ago, user)
        if person is ANNA:
            self._more_of_anna()

    def _more_of_anna(self) -> None:
        anna, written = self.users[ANNA], "Anna.Liu@Example.COM"
        self._order(ANNA, RECENT_DAYS[0], None, email=written)
        self._order(ANNA, OLD_DAYS[1], None, email=ANNA.email)
        frozen = self.code.basket_of(anna, self.shop, 1)
        frozen.freeze()
        merged = self.code.basket_of(None, self.shop, 2)
        self.code.basket_of(anna, self.shop, 3).merge(merged)
        saved = self.code.basket_of(anna, self.shop, 4)
        saved.status = "Saved"
        saved.save()

    # -- one customer's things ---------------------------------------------------------------

    def _addresses(self, person: Person) -> None:
        user = self.users[person]
        for number in range(2):
            user.addresses.create(
                **self._lines(person, number),
                phone_number="+8613800138000",
                notes=f"ring for {person.first}",
                is_default_for_shipping=number == 0,
            )

    def _lines(self, person: Person, number: int = 0) -> dict[str, Any]:
        return {
            "first_name": person.first,
            "last_name": person.last,
            "line1": f"{number + 1} 长安街 {person.last}",
            "line4": "北京",
            "postcode": "100000",
            "country": self.shop.country,
        }

    def _habits(self, user: Any) -> None:
        from oscar.apps.catalogue.signals import product_viewed  # noqa: PLC0415
        from oscar.apps.search.signals import user_search  # noqa: PLC0415
        from oscar.core.loading import get_model  # noqa: PLC0415

        product = self.random.choice(self.shop.products)
        # The analytics' own receiver; the other one wants a browser's cookies.
        for receiver in product_viewed._live_receivers(None)[0]:  # noqa: SLF001
            if "analytics" in receiver.__module__:
                receiver(sender=None, product=product, user=user)
        user_search.send(sender=None, session=None, query=f"tea for {user.first_name}", user=user)
        alert = get_model("customer", "ProductAlert")
        alert.objects.create(user=user, product=product, status=alert.ACTIVE)
        wishes = user.wishlists.create(name=f"愿望 {user.first_name}", visibility="Private")
        wishes.add(product)

    def _card(self, person: Person) -> None:
        self.users[person].bankcards.create(
            number="4111111111111111",
            name=f"{person.first} {person.last}",
            expiry_date=date(2031, 1, 1),
            partner_reference=f"vault-{person.email}",
        )

    # -- orders ------------------------------------------------------------------------------

    def _order(self, person: Person, ago: int, user: Any, *, email: str = "") -> Any:
        from django.utils import timezone  # noqa: PLC0415
        from oscar.core.loading import get_model  # noqa: PLC0415

        self.number += 1
        lines, phone = self._lines(person), {"phone_number": "+8613800138000"}
        guest = {"guest_email": email} if email else {}
        basket = self.code.basket_of(user, self.shop, self.number, 5, engrave=f"{person.first} ♥")
        if self.number % 2:
            basket.vouchers.add(self.shop.voucher)
        order = self.code.place(
            basket,
            f"{100_000 + self.number}",
            user,
            shipping_address=get_model("order", "ShippingAddress").objects.create(**lines, **phone),
            billing_address=get_model("order", "BillingAddress").objects.create(**lines),
            date_placed=timezone.now() - timedelta(days=ago),
            **guest,
        )
        self._handled(order, person)
        return order

    def _handled(self, order: Any, person: Person) -> None:
        """Payment, shipping, letters, notes: what happens to an order afterwards."""
        from oscar.core.loading import get_class  # noqa: PLC0415

        source = order.sources.create(
            source_type=self.shop.source_type, label=f"card of {person.last}"
        )
        source.allocate(order.total_incl_tax, reference=f"auth-{order.number}")
        source.debit(reference=f"debit-{order.number}")
        handler = get_class("order.processing", "EventHandler")(self.users[CLERK])
        lines = list(order.lines.all())
        quantities = [line.quantity for line in lines]
        handler.handle_payment_event(order, self.shop.paid, order.total_incl_tax, lines, quantities)
        handler.handle_order_status_change(order, "Being processed", f"{person.first} telephoned")
        handler.handle_shipping_event(order, self.shop.shipped, lines, quantities)
        dispatcher = get_class("order.utils", "OrderDispatcher")()
        text = {"subject": f"Order {order.number}", "body": f"Dear {person.first}", "html": ""}
        dispatcher.dispatch_order_messages(order, {**text, "sms": ""}, self.shop.placed.code)

    def _guest(self) -> None:
        from oscar.core.loading import get_model  # noqa: PLC0415

        self._order(GUEST, RECENT_DAYS[1], None, email=GUEST.email)
        self._order(GUEST, OLD_DAYS[0], None, email=GUEST.email.upper())
        alert = get_model("customer", "ProductAlert")
        for email in (GUEST.email, "somebody.else@example.cn"):
            alert.objects.create(email=email, product=self.shop.products[0], key=f"k-{email}"[:20])
        self._review(None, 0, name="Wei", email=GUEST.email)

    # -- between people ------------------------------------------------------------------------

    def _review(self, user: Any, number: int, **more: Any) -> Any:
        return self.shop.products[number].reviews.create(
            user=user, score=4, title="好茶", body="I liked it", status=1, **more
        )

    def _between_people(self) -> None:
        from oscar.core.loading import get_class  # noqa: PLC0415

        anna, friend, clerk = (self.users[p] for p in (ANNA, FRIEND, CLERK))
        mine, theirs = self._review(anna, 1), self._review(friend, 2)
        for voter in (FRIEND, CROWD[0], CROWD[1]):
            mine.vote_up(self.users[voter])
        theirs.vote_down(anna)
        theirs.vote_up(self.users[CROWD[2]])
        shared = anna.wishlists.create(name="生日", visibility="Shared")
        shared.add(self.shop.products[3])
        back = friend.wishlists.create(name="for Anna", visibility="Shared")
        back.add(self.shop.products[4])
        for wishes, emails in ((shared, (FRIEND, CROWD[3])), (back, (ANNA, CROWD[3]))):
            for person in emails:
                wishes.shared_emails.create(email=person.email)
        notify = get_class("communication.utils", "Dispatcher")().notify_user
        notify(anna, "Your order", body="has left", sender=clerk)
        notify(friend, "Hello", body="from Anna", sender=anna)
        notify(friend, "Sale", body="today")

    def _left_over(self) -> None:
        """What the office leaves behind: its log, a letter without an account, a session."""
        from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415
        from oscar.core.loading import get_model  # noqa: PLC0415

        anna, friend, clerk = (self.users[p] for p in (ANNA, FRIEND, CLERK))
        self._log(anna, friend, clerk)
        letters = get_model("communication", "Email").objects
        letters.create(email=GUEST.email, subject="Welcome", body_text="guest")
        letters.create(user=friend, email=ANNA.email, subject="Old address", body_text="Fran's")
        letters.create(user=anna, email="before@example.com", subject="Old", body_text="Anna's")
        session = SessionStore()
        session["_auth_user_id"] = str(anna.pk)
        session.create()
        get_model("offer", "RangeProductFileUpload").objects.create(
            range=get_model("offer", "Range").objects.first(),
            uploaded_by=clerk,
            filepath="/srv/uploads/range.csv",
            size=12,
        )

    def _log(self, anna: Any, friend: Any, clerk: Any) -> None:
        from django.contrib.admin.models import CHANGE, LogEntry  # noqa: PLC0415
        from django.contrib.contenttypes.models import ContentType  # noqa: PLC0415

        order, number = anna.orders.first(), str(anna.pk)
        things = [(t, str(t.pk)) for t in (anna, friend, order, self.shop.products[0])]
        # An order under the number of Anna's account: only the type tells them apart.
        for thing, key in (*things, (order, number)):
            LogEntry.objects.create(
                user=clerk,
                content_type=ContentType.objects.get_for_model(thing),
                object_id=key,
                object_repr=str(thing),
                action_flag=CHANGE,
                change_message=f"changed {thing}",
            )


if __name__ == "__main__":
    main(sys.argv[1])
