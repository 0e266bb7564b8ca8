"""A small shop as data map and rows, for tests of packages."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

from connectors.sdk import Collection, DataMap, Document, Item, MapField, Store
from rights.domain.datamap import (
    Purpose,
    Recipient,
    RelatesTo,
    Retention,
    Secret,
    Source,
)
from rights.store.blobs import DirectoryBlobs
from rights.store.sealing import SealedFiles
from workflows.packages.build import build
from workflows.packages.disclosure import Policy
from workflows.packages.spool import spool, spool_prefix
from workflows.packages.spool_index import SpoolIndex
from workflows.packages.terms import About, Built, Missing

PACKAGE_ID = "5f" * 16
DATA_KEY = bytes(range(32))
MADE = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
ABOUT = About(request_id="9a" * 16, kind="copy", generated_at=MADE, regimes=("cn_general",))


def shown(name: str, category: str, zh: str = "", en: str = "", **more: Any) -> MapField:
    title = {"zh": zh, "en": en} if zh else {}
    return MapField(name, category, disclose=True, title=title, purposes=("service",), **more)


USERS = Collection(
    "shop",
    "users",
    title={"zh": "账号", "en": "Account"},
    fields=(
        shown("id", "account", "编号", "Number"),
        shown("name", "contact", "姓名", "Name", basis="contract"),
        shown("email", "contact", "电子邮箱", "E-mail", relates_to=RelatesTo.SELF),
        shown("phone", "contact", "手机号", "Phone", relates_to=RelatesTo.SELF),
        shown("vip", "profile", "会员", "Member", source=Source.DERIVED),
        MapField("password_hash", "secret", secret=Secret.CREDENTIAL),
        MapField(
            "id_number",
            "identity",
            secret=Secret.GOV_ID,
            sensitive=True,
            title={"zh": "身份证号", "en": "ID number"},
        ),
        MapField("card", "financial", secret=Secret.BANK_ACCOUNT, sensitive=True),
        MapField("face", "biometric", secret=Secret.BIOMETRIC, sensitive=True),
        MapField("fraud_note", "profile", because="会妨碍反欺诈"),
        MapField("emergency_contact", "contact", disclose=True, relates_to=RelatesTo.OTHER),
    ),
)
ORDERS = Collection(
    "shop",
    "orders",
    title={"zh": "订单", "en": "Orders"},
    fields=(
        shown("id", "order", "编号", "Number"),
        shown("total", "order", "金额", "Amount"),
        shown("note", "order", "备注", "Note"),
        shown("created_at", "order", "下单时间", "Ordered"),
        shown("address", "address", "收货地址", "Delivered to"),
        shown("paid", "order", "已付款", "Paid"),
    ),
    retention=Retention("3y", "created_at", "电子商务法第三十一条", "law"),
)
EVENTS = Collection(
    "shop",
    "login_events",
    title={"zh": "登录记录", "en": "Sign-ins"},
    fields=(
        shown("at", "login", "时间", "Time", source=Source.OBSERVED),
        shown("ip", "network", "IP 地址", "IP address", source=Source.OBSERVED),
        shown("device", "login", "设备", "Device", source=Source.OBSERVED),
    ),
)
CHATS = Collection(
    "assistant",
    "prompts",
    title={"zh": "对话", "en": "Conversations"},
    fields=(
        shown("asked_at", "chat", "时间", "Time"),
        shown("text", "chat", "内容", "Text", sensitive=True),
        shown("payload.lang", "chat"),
        MapField("payload.token", "secret", secret=Secret.CREDENTIAL),
    ),
)
REVIEWS = Collection(
    "shop",
    "reviews",
    title={"zh": "评价", "en": "Reviews"},
    fields=(shown("stars", "review"), shown("text", "review")),
)
UPLOADS = Collection(
    "files",
    "uploads",
    title={"zh": "上传的文件", "en": "Uploads"},
    fields=(shown("name", "file"), shown("size", "file")),
)

DATAMAP = DataMap(
    stores=(
        Store(
            "shop",
            "sql",
            (USERS, ORDERS, EVENTS, REVIEWS),
            title={"zh": "商城", "en": "Shop"},
            recipients=(
                Recipient("顺丰速运", "4008-111-111", "配送", "接口", ("address",), "CN"),
                Recipient("Mail Co", purpose="newsletters", categories=("contact",), country="IE"),
            ),
        ),
        Store("assistant", "sql", (CHATS,), title={"zh": "智能助手", "en": "Assistant"}),
        Store("files", "s3_objects", (UPLOADS,), title={"zh": "文件", "en": "Files"}),
    ),
    identifiers={},
    purposes={
        "service": Purpose(
            "service", {"zh": "提供商城服务", "en": "Run the shop"}, "contract", True
        )
    },
    version=3,
    hash="c0ffee" * 10,
    controller={
        "name": {"zh": "示例商城有限公司", "en": "Sample Shop Ltd"},
        "contact": "privacy@example.com",
    },
)

MISSING = (
    Missing(
        "shop",
        "orders",
        "held",
        {"zh": "两笔订单因法定保存期限仅限制处理", "en": "Two orders are held by law"},
        "电子商务法第三十一条",
        date(2028, 3, 1),
    ),
    Missing("newsletter", "", "failed", {"zh": "系统暂不可用", "en": "The system was down"}),
)


def user(**more: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "name": "王小明",
        "email": "xiaoming@example.com",
        "phone": "+8613800138000",
        "vip": True,
        **more,
    }


def orders(number: int) -> Iterator[dict[str, Any]]:
    for i in range(number):
        yield {
            "id": i,
            "total": -12.5 if i % 7 == 0 else 99 + i,
            "note": '=HYPERLINK("http://evil")' if i == 1 else f"请放在门口 {i}",
            "created_at": f"2026-0{1 + i % 9}-11T08:00:00Z",
            "address": "上海市浦东新区世纪大道 100 号",
            "paid": i % 2 == 0,
        }


def events(number: int) -> Iterator[dict[str, Any]]:
    for i in range(number):
        yield {
            "at": f"2026-10-{1 + i % 28:02}T10:00:00Z",
            "ip": f"203.0.113.{i % 250}",
            "device": "iPhone",
        }


def document(name: str, content: bytes, media_type: str = "image/png", **record: Any) -> Document:
    return Document(
        name,
        media_type,
        len(content),
        {"name": name, "size": len(content), **record},
        lambda: iter([content[:5], content[5:]]),
    )


def files_in(folder: Path, package_id: str = PACKAGE_ID, key: bytes = DATA_KEY) -> SealedFiles:
    """Sealed files in *folder* whose file ids are counted: the same on every run."""
    numbers = count()
    return SealedFiles(
        DirectoryBlobs(folder),
        package_id,
        key,
        random=lambda size: next(numbers).to_bytes(size, "big"),
    )


def spooled(
    files: SealedFiles,
    sections: Mapping[Collection, Iterable[Item]] | Sequence[tuple[Collection, Iterable[Item]]],
    *,
    policy: Policy | None = None,
    step: str = "step-1",
) -> SpoolIndex:
    pairs = list(sections.items()) if isinstance(sections, Mapping) else list(sections)
    return spool(
        pairs,
        store=pairs[0][0].store,
        files=files,
        key=f"{spool_prefix(PACKAGE_ID)}/{step}",
        policy=policy or Policy(),
    )


def unpacked(files: SealedFiles, built: Built) -> dict[str, bytes]:
    """Open a package as its owner would: name to content."""
    plain = b"".join(files.read(built.file))
    with zipfile.ZipFile(io.BytesIO(plain)) as package:
        assert package.testzip() is None
        return {name: package.read(name) for name in package.namelist()}


def packed(
    folder: Path,
    *indexes: SpoolIndex,
    files: SealedFiles | None = None,
    missing: Sequence[Missing] = (),
    **more: Any,
) -> tuple[Built, dict[str, bytes]]:
    """Build a package and open it."""
    files = files or files_in(folder)
    more = {"about": ABOUT, "datamap": DATAMAP, "key": "packages/one", **more}
    built = build(files=files, spools=indexes, missing=missing, **more)
    return built, unpacked(files, built)


def small(files: SealedFiles) -> list[SpoolIndex]:
    """Three stores, five collections with about a hundred rows, and one that is empty."""
    talk = [
        {"asked_at": "2026-11-01", "text": f"你好，第 {i} 个问题", "payload": {"lang": "zh"}}
        for i in range(20)
    ]
    return [
        spooled(
            files,
            [(USERS, [user()]), (ORDERS, orders(30)), (EVENTS, events(49)), (REVIEWS, [])],
            step="shop-1",
        ),
        spooled(files, [(CHATS, talk)], step="assistant-1"),
        spooled(files, [(UPLOADS, [document("avatar.png", b"\x89PNG....data")])], step="files-1"),
    ]
