"""What a package must never hold, and what it must never do to whoever opens it."""

import base64
import hashlib
import json
import re
import stat
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk import Collection, MapField
from rights.domain.datamap import RelatesTo, Secret
from rights.services.regimes import never_disclosed
from rights.store.sealing import SealedFiles
from tests.workflows.package_sample import (
    CHATS,
    ORDERS,
    UPLOADS,
    USERS,
    document,
    files_in,
    orders,
    packed,
    shown,
    spooled,
    user,
)
from workflows.packages.disclosure import Policy, Shaper, describe
from workflows.packages.names import Names, is_active, safe_path, safe_segment
from workflows.packages.terms import Alert

HASH = "$argon2id$v=19$m=65536$c29tZXNhbHQ$hash"
GOV_ID = "11010519491231002X"
CARD = "6222 0202 0011 2233 445"
FACE = "AAECAwQFBgcICQ=="


@pytest.fixture
def files(tmp_path: Path) -> SealedFiles:
    return files_in(tmp_path)


def secrets_row() -> dict[str, Any]:
    return user(password_hash=HASH, id_number=GOV_ID, card=CARD, face=FACE)


@pytest.mark.requirement("R-PKG-4")
def test_secrets_of_every_class_are_described_or_gone_and_never_in_clear(
    tmp_path: Path, files: SealedFiles
) -> None:
    index = spooled(files, [(USERS, [secrets_row()])])

    _, content = packed(tmp_path, index, files=files)

    everything = b"\n".join(content.values()).decode()
    for secret in (HASH, GOV_ID, CARD, FACE):
        assert secret not in everything
    row = json.loads(content["data/shop/users.jsonl"])
    assert "password_hash" not in row
    assert (
        row["id_number"]
        == "已保存您的证件号码，末尾为 02X / we hold your government ID number, ending 02X"
    )
    assert row["card"].endswith("ending 445")
    assert row["face"].endswith("we hold your biometric data; it is not shown here")
    withheld = {w["field"]: w["code"] for w in json.loads(content["manifest.json"])["withheld"]}
    assert withheld == {
        "password_hash": "secret",
        "id_number": "secret",
        "card": "secret",
        "face": "secret",
        "fraud_note": "not_disclosed",
        "emergency_contact": "other_person",
    }


@pytest.mark.requirement("R-PKG-4:bad")
def test_a_connector_that_returns_a_credential_anyway_raises_an_alert(
    tmp_path: Path, files: SealedFiles
) -> None:
    talk = [{"text": "hi", "payload": {"lang": "zh", "token": "tok-1"}}] * 3
    shop = spooled(files, [(USERS, [secrets_row()])], step="a")
    assistant = spooled(files, [(CHATS, talk)], step="b")

    built, content = packed(tmp_path, shop, assistant, files=files)

    assert built.alerts == (
        Alert("shop.users", "password_hash", "secret", 1),
        Alert("assistant.prompts", "payload.token", "secret", 3),
    )
    assert b"tok-1" not in b"".join(content.values())
    row = json.loads(content["data/assistant/prompts.jsonl"].splitlines()[0])
    assert row == {"text": "hi", "payload": {"lang": "zh"}}


def test_a_secret_is_dropped_before_it_is_spooled(tmp_path: Path, files: SealedFiles) -> None:
    index = spooled(files, [(USERS, [secrets_row()])])

    plain = b"".join(files.read(index.file)).decode()

    for secret in (HASH, GOV_ID, CARD, FACE):
        assert secret not in plain


def test_a_field_nobody_declared_or_disclosed_is_dropped_and_told(
    tmp_path: Path, files: SealedFiles
) -> None:
    rows = [user(fraud_note="watch", shadow="x", emergency_contact="李四 13900139000")]

    built, content = packed(tmp_path, spooled(files, [(USERS, rows)]), files=files)

    assert {(a.field, a.why) for a in built.alerts} == {
        ("fraud_note", "undisclosed"),
        ("shadow", "undeclared"),
    }
    assert set(json.loads(content["data/shop/users.jsonl"])) == set(user())


def _never(*laws: str) -> frozenset[str]:
    return never_disclosed("copy", "all", laws)


def test_california_lets_no_class_of_secrets_out_in_clear() -> None:
    proved = Policy(level=3, in_clear=True, never=_never("us_ca"))

    assert [each for each in Secret if proved.shows(each)] == []
    told = describe(Secret.HEALTH_INSURANCE_ID, "1EG4TE56A7")
    assert "health insurance number, ending 6A7" in told


@pytest.mark.requirement("R-PKG-4")
@pytest.mark.parametrize(
    ("policy", "clear"),
    [
        (Policy(level=3, in_clear=True, never=_never("cn_general")), True),
        (Policy(level=3, in_clear=False, never=_never("cn_general")), False),
        (Policy(level=2, in_clear=True, never=_never("cn_general")), False),
        (Policy(level=3, in_clear=True, never=_never("cn_general", "us_ca")), False),
    ],
    ids=["proved and asked", "not asked", "not proved", "california"],
)
def test_identity_numbers_are_clear_only_for_a_proved_person_who_asks(
    tmp_path: Path,
    files: SealedFiles,
    policy: Policy,
    clear: bool,  # noqa: FBT001
) -> None:
    index = spooled(files, [(USERS, [secrets_row()])], policy=policy)

    _, content = packed(tmp_path, index, files=files, policy=policy)

    row = json.loads(content["data/shop/users.jsonl"])
    assert (row["id_number"] == GOV_ID) is clear
    assert (row["card"] == CARD) is clear
    assert "password_hash" not in row


def test_too_short_a_number_is_described_without_its_end() -> None:
    assert "ending" not in describe(Secret.GOV_ID, "1234567")
    assert describe(Secret.BANK_ACCOUNT, 6222020200112233).endswith("ending 233")
    assert "ending" not in describe(Secret.BANK_ACCOUNT, {"number": "6222020200112233"})


def test_an_absent_secret_is_not_described_as_held() -> None:
    shaper = Shaper(USERS, Policy())

    assert shaper.shape({"id": 1, "id_number": None})["id_number"] is None


def test_nested_values_follow_what_is_declared_of_them() -> None:
    collection = Collection(
        "s",
        "c",
        fields=(
            shown("payload", "content"),
            MapField("payload.password", "secret", secret=Secret.CREDENTIAL),
            shown("items[].name", "content"),
            MapField("items[].other", "content", disclose=True, relates_to=RelatesTo.OTHER),
            shown("flat.name", "content"),
        ),
    )
    shaper = Shaper(collection, Policy())

    shaped = shaper.shape(
        {
            "payload": {"a": 1, "password": "x", "deep": {"password": "kept: another path"}},
            "items": [{"name": "n", "other": "o", "extra": 1}, "loose"],
            "flat.name": "f",
        }
    )

    assert shaped == {
        "payload": {"a": 1, "deep": {"password": "kept: another path"}},
        "items": [{"name": "n"}],
        "flat.name": "f",
    }
    assert {(path, str(why)) for path, why in shaper.dropped} == {
        ("payload.password", "secret"),
        ("items.other", "other_person"),
        ("items.extra", "undeclared"),
        ("items", "undeclared"),
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Windows\\evil.exe", "C_/Windows/evil.exe"),
        ("..", "file"),
        ("", "file"),
        ("a/./b", "a/b"),
        ("a\x00b\x1f.png", "ab.png"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("CON", "_CON"),
        ("aux.txt", "_aux.txt"),
        ("name. ", "name"),
        ('a<b>:"|?*.png', "a_b______.png"),
        ("头像\ud800.png", "头像?.png".replace("?", "_")),
        ("cafe\u0301.txt", "café.txt"),
    ],
)
def test_a_hostile_name_stays_in_its_folder(name: str, expected: str) -> None:
    assert safe_path(name) == expected


@given(st.text(max_size=300))
def test_no_name_at_all_leads_out_or_is_too_long(name: str) -> None:
    path = safe_path(name)

    assert path
    assert not path.startswith("/")
    for part in path.split("/"):
        assert part not in ("", ".", "..")
        assert len(part.encode()) <= 121
        assert not re.search(r'[\x00-\x1f<>:"|?*\\]', part)
        assert not part.endswith((".", " "))
    assert safe_segment(path).count("/") == 0


def test_two_files_of_one_name_both_stay(tmp_path: Path, files: SealedFiles) -> None:
    uploads = [
        document("a.png", b"one"),
        document("A.PNG", b"two"),
        document("x/../a.png", b"three"),
        document("a.png", b"four"),
    ]

    _, content = packed(tmp_path, spooled(files, [(UPLOADS, uploads)]), files=files)

    kept = {k: v for k, v in content.items() if k.startswith("files/")}
    assert kept == {
        "files/files/uploads/a.png": b"one",
        "files/files/uploads/A (2).PNG": b"two",
        "files/files/uploads/x/a.png": b"three",
        "files/files/uploads/a (3).png": b"four",
    }


def test_ten_thousand_files_of_one_name_are_numbered_at_once() -> None:
    names = Names()

    given_names = [names.take("avatar.jpg") for _ in range(10_000)]

    assert len(set(given_names)) == 10_000
    assert given_names[-1] == "avatar (10000).jpg"


def test_hostile_names_unpack_below_the_folder_and_are_private(
    tmp_path: Path, files: SealedFiles
) -> None:
    uploads = [document(n, b"x") for n in ("../../../evil", "/abs", "a\\..\\..\\evil", "\x00")]

    built, _ = packed(tmp_path, spooled(files, [(UPLOADS, uploads)]), files=files)

    target = tmp_path / "package.zip"
    target.write_bytes(b"".join(files.read(built.file)))
    with zipfile.ZipFile(target) as package:
        for entry in package.infolist():
            assert not entry.filename.startswith("/")
            assert ".." not in entry.filename.split("/")
            assert stat.S_IMODE(entry.external_attr >> 16) == 0o600
            assert stat.S_ISREG(entry.external_attr >> 16)


class _Links(HTMLParser):
    """Everything on a page that could load, lead elsewhere or run."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [v or "" for k, v in attrs if k in ("href", "src", "action", "data", "style")]
        self.handlers += [k for k, _ in attrs if k.startswith("on")]


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}]]||[["


def test_the_page_shows_hostile_text_as_text_and_loads_nothing(
    tmp_path: Path, files: SealedFiles
) -> None:
    rows = [{"id": 1, "note": HOSTILE}, {"id": 2, "note": {"deep": HOSTILE}}]
    shop = spooled(files, [(USERS, [user(name=HOSTILE)]), (ORDERS, rows)], step="a")
    uploads = [document(f"{HOSTILE}.png", b"x"), document("e.svg", b"<svg/>")]
    store = spooled(files, [(UPLOADS, uploads)], step="b")

    _, content = packed(tmp_path, shop, store, files=files)

    page = content["index.html"].decode()
    seen = _Links()
    seen.feed(page)
    assert seen.tags.isdisjoint({"script", "img", "iframe", "link", "object", "form", "base"})
    assert seen.handlers == []
    assert not [link for link in seen.links if re.match(r"(?i)[a-z][a-z0-9+.-]*:|//|/", link)]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in page
    targets = {link for link in seen.links if not link.startswith("#")}
    assert not any(link.endswith(".svg") for link in targets)


def test_every_link_of_the_page_leads_to_a_file_of_the_package(
    tmp_path: Path, files: SealedFiles
) -> None:
    uploads = [document("发票 #1 100%.pdf", b"x"), document("b.png", b"y")]
    index = spooled(files, [(UPLOADS, uploads)])

    _, content = packed(tmp_path, index, files=files)

    seen = _Links()
    page = content["index.html"].decode()
    seen.feed(page)
    targets = {unquote(link) for link in seen.links if not link.startswith("#")}
    assert targets <= set(content)
    assert "files/files/uploads/发票 #1 100%.pdf" in targets
    for anchor in (link[1:] for link in seen.links if link.startswith("#")):
        assert f'id="{anchor}"' in page


def test_the_page_allows_its_own_style_sheet_and_nothing_else(
    tmp_path: Path, files: SealedFiles
) -> None:
    _, content = packed(tmp_path, spooled(files, [(ORDERS, orders(3))]), files=files)

    page = content["index.html"].decode()
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].replace("&#39;", "'") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_a_row_cannot_forge_the_border_between_cells(tmp_path: Path, files: SealedFiles) -> None:
    rows = [{"id": 1, "note": "a\x1fb\x1ec"}, {"id": 2, "note": "plain"}]

    _, content = packed(tmp_path, spooled(files, [(ORDERS, rows)]), files=files)

    assert "<td>a b c</td>" in content["index.html"].decode()


def test_files_that_could_run_something_are_told_apart() -> None:
    assert is_active("a/b.SVG")
    assert is_active("page.html")
    assert not is_active("photo.jpeg")
    assert not is_active("svg")
