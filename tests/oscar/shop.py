"""The shop's goods and offices, made with the shop's own models: nobody's personal data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from oscar.core.loading import get_class, get_model

PRODUCTS = (
    ("龙井茶", "38.00"),
    ("Teapot", "120.50"),
    ("青花瓷杯", "66.60"),
    ("Bamboo tray", "45.25"),
    ("普洱茶饼", "210.00"),
    ("Engraved pen", "99.00"),
)
VOUCHER = "SPRING"


@dataclass(frozen=True)
class Shop:
    """What orders need to be placed: goods, a voucher, types of events."""

    products: list[Any]
    engraving: Any
    voucher: Any
    country: Any
    shipped: Any
    paid: Any
    placed: Any
    source_type: Any
    partner: Any


def stock() -> Shop:
    """Make the goods, the partner that delivers them, and a voucher of ten per cent."""
    partner, _ = get_model("partner", "Partner").objects.get_or_create(name="Tea House")
    kind, _ = get_model("catalogue", "ProductClass").objects.get_or_create(
        name="tea things", requires_shipping=True, track_stock=True
    )
    engraving = get_model("catalogue", "Option").objects.create(name="Engraving", code="engraving")
    category = get_model("catalogue", "Category").add_root(name="茶 Tea")
    products = [_product(partner, kind, category, number) for number in range(len(PRODUCTS))]
    products[-1].product_options.add(engraving)
    return Shop(
        products=products,
        engraving=engraving,
        voucher=_voucher(),
        country=_china(),
        shipped=get_model("order", "ShippingEventType").objects.create(name="Shipped"),
        paid=get_model("order", "PaymentEventType").objects.create(name="Paid"),
        placed=get_model("communication", "CommunicationEventType").objects.create(
            code="ORDER_PLACED", name="Order placed", category="Order related"
        ),
        source_type=get_model("payment", "SourceType").objects.create(name="Card"),
        partner=partner,
    )


def _china() -> Any:
    return get_model("address", "Country").objects.create(
        iso_3166_1_a2="CN",
        iso_3166_1_a3="CHN",
        iso_3166_1_numeric="156",
        printable_name="China",
        name="China",
        is_shipping_country=True,
    )


def _product(partner: Any, kind: Any, category: Any, number: int) -> Any:
    title, price = PRODUCTS[number]
    product = get_model("catalogue", "Product").objects.create(
        product_class=kind, title=title, upc=f"upc-{number}", slug=f"thing-{number}"
    )
    product.categories.add(category)
    product.stockrecords.create(
        partner=partner,
        partner_sku=f"sku-{number}",
        price_currency="GBP",
        price=Decimal(price),
        num_in_stock=10_000,
    )
    return product


def _voucher() -> Any:
    everything = get_model("offer", "Range").objects.create(
        name="everything", includes_all_products=True
    )
    offer = get_model("offer", "ConditionalOffer")(
        name="ten per cent",
        offer_type="Voucher",
        condition=get_model("offer", "Condition").objects.create(
            range=everything, type="Count", value=1
        ),
        benefit=get_model("offer", "Benefit").objects.create(
            range=everything, type="Percentage", value=10
        ),
    )
    offer.save()
    now = timezone.now()
    voucher = get_model("voucher", "Voucher").objects.create(
        name="spring",
        code=VOUCHER,
        usage="Multi-use",
        start_datetime=now - timedelta(days=4000),
        end_datetime=now + timedelta(days=4000),
    )
    voucher.offers.add(offer)
    return voucher


def basket_of(owner: Any, shop: Shop, *numbers: int, engrave: str = "") -> Any:
    """Return a basket with one of each of the numbered products."""
    basket = get_model("basket", "Basket").objects.create(owner=owner)
    basket.strategy = get_class("partner.strategy", "Default")()
    for number in numbers:
        product = shop.products[number % len(shop.products)]
        options = []
        if engrave and shop.engraving in product.product_options.all():
            options = [{"option": shop.engraving, "value": engrave}]
        basket.add_product(product, 1 + number % 2, options=options)
    return basket


def place(basket: Any, number: str, user: Any, **more: Any) -> Any:
    """Place an order by the shop's own creator: offers, vouchers and a surcharge applied."""
    buyer = user or AnonymousUser()
    get_class("offer.applicator", "Applicator")().apply(basket, buyer)
    method = get_class("shipping.methods", "FixedPrice")(Decimal("5.00"), Decimal("5.00"))
    charge = method.calculate(basket)
    surcharges = _surcharges(basket)
    total = get_class("checkout.calculators", "OrderTotalCalculator")().calculate(
        basket, charge, surcharges=surcharges
    )
    order = get_class("order.utils", "OrderCreator")().place_order(
        basket=basket,
        user=buyer,
        total=total,
        shipping_method=method,
        shipping_charge=charge,
        order_number=number,
        surcharges=surcharges,
        **more,
    )
    basket.submit()
    return order


def _surcharges(basket: Any) -> Any:
    flat = get_class("checkout.surcharges", "FlatCharge")(Decimal("1.50"), Decimal("1.50"))
    price = get_class("checkout.applicator", "SurchargePrice")(flat, flat.calculate(basket))
    return get_class("checkout.applicator", "SurchargeList")([price])
