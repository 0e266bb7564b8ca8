"""The shop's tables, as a shop that never heard of this service would have them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

METADATA: Final = MetaData()

USERS: Final = Table(
    "users",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("email", String(120), unique=True),
    Column("email_changed_at", DateTime),
    Column("phone", String(20), index=True),
    Column("name", String(80)),
    Column("password_hash", String(80)),
    Column("born", Date),
    Column("city", String(40)),
    Column("locale", String(10)),
    Column("status", String(12), nullable=False),
    Column("real_name_verified", Boolean, nullable=False),
    Column("marketing", Boolean, nullable=False),
    Column("research", Boolean, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("closed_at", DateTime),
)
ADDRESSES: Final = Table(
    "addresses",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("label", String(20), nullable=False),
    Column("recipient", String(80)),
    Column("phone", String(20)),
    Column("city", String(40)),
    Column("street", String(160)),
)
ORDERS: Final = Table(
    "orders",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id"), index=True),  # empty for guests
    Column("guest_email", String(120), index=True),
    Column("ship_to", String(80)),
    Column("ship_street", String(160)),
    Column("note", Text),
    Column("total_cents", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("created_at", DateTime, nullable=False),
)
ORDER_ITEMS: Final = Table(
    "order_items",
    METADATA,
    Column("order_id", ForeignKey("orders.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sku", String(20), nullable=False),
    Column("title", String(80), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("price_cents", Integer, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("created_at", DateTime, nullable=False),
)
PAYMENTS: Final = Table(
    "payments",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("order_id", ForeignKey("orders.id"), nullable=False, index=True),
    Column("method", String(20), nullable=False),
    Column("card_number", String(24)),
    Column("card_tail", String(4)),
    Column("amount_cents", Integer, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("paid_at", DateTime, nullable=False),
)
REVIEWS: Final = Table(
    "reviews",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("sku", String(20), nullable=False),
    Column("stars", Integer, nullable=False),
    Column("body", Text),
    Column("created_at", DateTime, nullable=False),
)
LOGIN_EVENTS: Final = Table(
    "login_events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("ip", String(45), nullable=False),
    Column("device_id", String(40)),
    Column("user_agent", String(120)),
    Column("restricted", Boolean, nullable=False),
    Column("created_at", DateTime, nullable=False),
)
PRODUCTS: Final = Table(
    "products",
    METADATA,
    Column("sku", String(20), primary_key=True),
    Column("title_zh", String(80), nullable=False),
    Column("title_en", String(80), nullable=False),
    Column("price_cents", Integer, nullable=False),
)
