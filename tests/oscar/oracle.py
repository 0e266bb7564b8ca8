"""
What is true about the shop's people, said by the shop's own models.

A program of its own that answers questions, one JSON object a line, as long as its input lasts:
``{"url": …, "ask": …, "email": …}``. It knows nothing of data maps: whose a row is, what a
deleted account would take along, and which rows point at nothing, it reads off Django's models.
"""

# ruff: noqa: SLF001 - Django's documented names for models' facts begin with an underscore
from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

Rows = dict[str, list[str]]
"""Table to the primary keys of rows, as text."""


def main() -> None:
    """Answer questions until there are no more."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.oscar.settings"
    os.environ["OSCAR_DATABASE_URL"] = "sqlite:///:memory:"
    import django  # noqa: PLC0415 - the settings must be there first

    django.setup()
    for line in sys.stdin:
        asked = json.loads(line)
        _turn_to(asked["url"])
        answer = _ANSWERS[asked["ask"]](asked.get("email", ""))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _turn_to(url: str) -> None:
    from django.db import connections  # noqa: PLC0415
    from sqlalchemy.engine import make_url  # noqa: PLC0415

    from tests.oscar.settings import database  # noqa: PLC0415

    connections["default"].close()
    del connections["default"]
    connections.settings = connections.configure_settings({"default": database(make_url(url))})


def _model(name: str) -> Any:
    from django.apps import apps  # noqa: PLC0415

    return apps.get_model(name)


def _user(email: str) -> Any:
    return _model("auth.User").objects.filter(email__iexact=email).first()


def _keys(rows: Iterable[Any]) -> list[str]:
    return sorted(str(row.pk) for row in rows)


def _orders(email: str) -> list[Any]:
    from django.db.models import Q  # noqa: PLC0415

    user = _user(email)
    mine = Q(user__isnull=True, guest_email__iexact=email)
    return list(_model("order.Order").objects.filter(mine | Q(user=user) if user else mine))


def people(email: str) -> Rows:
    """Return every row that is about the person or that they may see, by table."""
    found = {**_of_orders(_orders(email)), **_of_contact(email)}
    user = _user(email)
    for table, rows in (_of_user(user, email) if user else {}).items():
        found[table] = [*found.get(table, []), *rows]
    return {t: sorted({str(r.pk) for r in rows}) for t, rows in found.items() if rows}


def _of_orders(orders: list[Any]) -> dict[str, list[Any]]:
    def every(relation: str) -> list[Any]:
        return [row for order in orders for row in getattr(order, relation).all()]

    lines, sources = every("lines"), every("sources")
    shipped, paid = every("shipping_events"), every("payment_events")
    discounts = every("discounts")
    baskets = [o.basket for o in orders if o.basket]
    return {
        "order_order": orders,
        "order_shippingaddress": [o.shipping_address for o in orders if o.shipping_address],
        "order_billingaddress": [o.billing_address for o in orders if o.billing_address],
        "order_line": lines,
        "order_lineprice": [p for line in lines for p in line.prices.all()],
        "order_lineattribute": [a for line in lines for a in line.attributes.all()],
        "order_orderdiscount": discounts,
        "order_orderlinediscount": [d for o in discounts for d in o.discount_lines.all()],
        "order_surcharge": every("surcharges"),
        "order_ordernote": every("notes"),
        "order_orderstatuschange": every("status_changes"),
        "order_communicationevent": every("communication_events"),
        "order_shippingevent": shipped,
        "order_shippingeventquantity": [q for e in shipped for q in e.line_quantities.all()],
        "order_paymentevent": paid,
        "order_paymenteventquantity": [q for e in paid for q in e.line_quantities.all()],
        "payment_source": sources,
        "payment_transaction": [t for s in sources for t in s.transactions.all()],
        "voucher_voucherapplication": list(
            _model("voucher.VoucherApplication").objects.filter(order__in=orders)
        ),
        **_of_baskets(baskets),
    }


def _of_baskets(baskets: list[Any]) -> dict[str, list[Any]]:
    lines = [line for basket in baskets for line in basket.lines.all()]
    vouchers = _model("basket.Basket").vouchers.through.objects
    return {
        "basket_basket": baskets,
        "basket_line": lines,
        "basket_lineattribute": [a for line in lines for a in line.attributes.all()],
        "basket_basket_vouchers": list(vouchers.filter(basket__in=baskets)),
    }


def _of_contact(email: str) -> dict[str, list[Any]]:
    """What names nobody but an address."""
    alone = {"user__isnull": True, "email__iexact": email}
    return {
        "customer_productalert": list(_model("customer.ProductAlert").objects.filter(**alone)),
        "reviews_productreview": list(_model("reviews.ProductReview").objects.filter(**alone)),
        "communication_email": list(_model("communication.Email").objects.filter(**alone)),
        "wishlists_wishlistsharedemail": list(
            _model("wishlists.WishListSharedEmail").objects.filter(email__iexact=email)
        ),
    }


def _of_user(user: Any, email: str) -> dict[str, list[Any]]:
    wishes = list(user.wishlists.all())
    baskets = {b.pk: b for b in (*user.baskets.all(), *(o.basket for o in _orders(email)))}
    return {
        "auth_user": [user],
        "auth_user_groups": list(type(user).groups.through.objects.filter(user=user)),
        "auth_user_user_permissions": list(
            type(user).user_permissions.through.objects.filter(user=user)
        ),
        "partner_partner_users": list(
            _model("partner.Partner").users.through.objects.filter(user=user)
        ),
        "address_useraddress": list(user.addresses.all()),
        "payment_bankcard": list(user.bankcards.all()),
        "analytics_userrecord": list(_model("analytics.UserRecord").objects.filter(user=user)),
        "analytics_userproductview": list(
            _model("analytics.UserProductView").objects.filter(user=user)
        ),
        "analytics_usersearch": list(_model("analytics.UserSearch").objects.filter(user=user)),
        "wishlists_wishlist": wishes,
        "wishlists_line": [line for w in wishes for line in w.lines.all()],
        "wishlists_wishlistsharedemail": [s for w in wishes for s in w.shared_emails.all()],
        "customer_productalert": list(user.alerts.all()),
        "reviews_productreview": list(user.reviews.all()),
        "reviews_vote": list(user.review_votes.all()),
        "communication_notification": [
            *user.notifications.all(),
            *_model("communication.Notification").objects.filter(sender=user),
        ],
        "communication_email": list(user.emails.all()),
        "django_admin_log": [*_log_about(user), *user.logentry_set.all()],
        "offer_rangeproductfileupload": list(
            _model("offer.RangeProductFileUpload").objects.filter(uploaded_by=user)
        ),
        **_of_baskets([b for b in baskets.values() if b]),
    }


def _log_about(thing: Any) -> list[Any]:
    from django.contrib.contenttypes.models import ContentType  # noqa: PLC0415

    kind = ContentType.objects.get_for_model(thing)
    entries = _model("admin.LogEntry").objects.filter(content_type=kind, object_id=str(thing.pk))
    return list(entries)


# -- what an erasure has to do -----------------------------------------------------------------

_EMPTIED_WHERE_HELD = {
    "order_order",  # its basket goes
    "order_shippingaddress",
    "order_billingaddress",
    "order_ordernote",
    "order_shippingevent",
    "order_line",
    "payment_source",
}
"""Rows that law holds, of which a part is not needed for that."""


def erasure(email: str) -> dict[str, Rows]:
    """Return which rows have to be gone after an erasure, which stay, and which may be changed."""
    from django.utils import timezone  # noqa: PLC0415

    since = timezone.now() - timedelta(days=3 * 365 + 1)
    orders, user = _orders(email), _user(email)
    held = _of_orders([o for o in orders if o.date_placed > since])
    kept = {t: _keys(rows) for t, rows in held.items() if not t.startswith("basket")}
    stays, touched = dict(kept), {t: kept[t] for t in _EMPTIED_WHERE_HELD if t in kept}
    gone = people(email)
    for order in orders:
        touched.setdefault("django_admin_log", []).extend(_keys(_log_about(order)))
    if user:
        sent = _keys(_model("communication.Notification").objects.filter(sender=user))
        stays["auth_user"] = touched["auth_user"] = [str(user.pk)]
        stays["communication_notification"] = touched["communication_notification"] = sent
        stays["django_admin_log"] = gone.get("django_admin_log", [])
        touched["django_admin_log"] = [
            *touched.get("django_admin_log", []),
            *_keys(_log_about(user)),
        ]
        stays["offer_rangeproductfileupload"] = gone.get("offer_rangeproductfileupload", [])
        votes = [v for review in user.reviews.all() for v in review.votes.all()]
        gone["reviews_vote"] = sorted({*gone.get("reviews_vote", []), *_keys(votes)})
    gone = {t: sorted(set(keys) - set(stays.get(t, []))) for t, keys in gone.items()}
    return {"gone": _filled(gone), "held": _filled(kept), "touched": _filled(touched)}


def _filled(rows: Rows) -> Rows:
    return {table: sorted(set(keys)) for table, keys in rows.items() if keys}


def cascade(email: str) -> Rows:
    """Return what Django itself would delete along with the account."""
    from django.db.models.deletion import Collector  # noqa: PLC0415

    user = _user(email)
    if user is None:
        return {}
    collector = Collector(using="default")
    collector.collect([user])
    found: Rows = {}
    for model, rows in collector.data.items():
        found.setdefault(model._meta.db_table, []).extend(_keys(rows))
    for queryset in collector.fast_deletes:
        found.setdefault(queryset.model._meta.db_table, []).extend(_keys(queryset))
    return {table: sorted(set(keys)) for table, keys in found.items() if keys}


def orphans(_: str) -> list[str]:
    """Return every pointer of every model, generic ones too, whose target is not there."""
    from django.apps import apps  # noqa: PLC0415

    out = []
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.managed or model._meta.proxy:
            continue
        for field in model._meta.concrete_fields:
            if field.many_to_one or field.one_to_one:
                there = field.related_model._base_manager.values(field.target_field.attname)
                lost = model._base_manager.filter(**{f"{field.name}__isnull": False})
                lost = lost.exclude(**{f"{field.attname}__in": there})
                out += [f"{model._meta.db_table}.{field.column} of {pk}" for pk in _keys(lost)]
    return out + _generic_orphans()


def _generic_orphans() -> list[str]:
    entries = _model("admin.LogEntry").objects.exclude(object_id=None).exclude(object_id="")
    return [
        f"django_admin_log.object_id of {entry.pk}"
        for entry in entries.select_related("content_type")
        if entry.content_type and not _there(entry)
    ]


def _there(entry: Any) -> bool:
    model = entry.content_type.model_class()
    return bool(model and model._base_manager.filter(pk=entry.object_id).exists())


_ANSWERS: dict[str, Any] = {
    "people": people,
    "erasure": erasure,
    "cascade": cascade,
    "orphans": orphans,
}


if __name__ == "__main__":
    main()
