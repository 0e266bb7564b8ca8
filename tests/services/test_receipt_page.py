"""The offline page agrees with the program, reaches no network, and speaks both languages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rights.domain.merkle import root, salted
from rights.services.receipt_page import page
from rights.services.receipts import export, leaf_bytes, verify_export
from rights.services.signing import Signer
from rights.store.models import ReceiptOpening, ReceiptRow
from tests.servers.missing import install, missing
from tests.services.registers import NOW, signer
from workflows.commands.records import receipt

TEXT = page()
SCRIPT = re.findall(r'<script id="check">(.*?)</script>', TEXT, re.DOTALL)[0]
OTHER = "s2:" + base64.b64encode(b"o" * 32).decode()
LEAVES: list[dict[str, Any]] = [
    {
        "step": f"01-erase-shop{n}",
        "chunk": n,
        "action": "erase",
        "collection": f"shop.订单{n}",
        "affected": n,
        "digest": "ab" * 32,
    }
    for n in range(7)
]


def _run(program: str, given: Any, tmp_path: Path) -> Any:
    """Run the page's own script, and *program* after it, on *given*."""
    node = shutil.which("node")
    if node is None:
        missing("Node.js", install(debian="nodejs", macos="node"))
    file = tmp_path / "page.js"
    tail = f"\nconst given = {json.dumps(given)};\nconsole.log(JSON.stringify({program}));\n"
    file.write_text(SCRIPT + tail, encoding="utf-8")
    done = subprocess.run([node, str(file)], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def _file(leaves: list[dict[str, Any]], by: Signer | None = None) -> dict[str, Any]:
    salt, key = secrets.token_bytes(32), by or signer()
    outcome = [
        {
            "store": "shop",
            "collection": leaf["collection"].partition(".")[2],
            "action": "erase",
            "affected": leaf["affected"],
        }
        for leaf in leaves
    ]
    body = {
        "format": "rights-receipt/1",
        "public_key": key.public()[key.key_id],
        "request": "9a" * 16,
        "outcome": outcome,
        "effects": {
            "leaves": len(leaves),
            "root": root(salted(salt, map(leaf_bytes, leaves))).hex(),
        },
    }
    text = json.dumps(body, ensure_ascii=False)
    row = ReceiptRow(
        request_id="9a" * 16,
        body=text,
        key_id=key.key_id,
        signature=key.sign(text.encode()),
        created_at=NOW,
    )
    return export(row, key, ReceiptOpening(request_id="9a" * 16, salt=salt, leaves=leaves))


def _agree(tmp_path: Path, cases: list[tuple[dict[str, Any], str]]) -> list[dict[str, Any]]:
    """Ask the page and the program about each file; return what both of them say."""
    given = [[json.dumps(file), key] for file, key in cases]
    program = "given.map(([t, k]) => check(t, k))"
    seen: list[dict[str, Any]] = _run(program, given, tmp_path)
    for (file, key), shown in zip(cases, seen, strict=True):
        found = verify_export(json.dumps(file).encode(), public_key=key or None)
        said = (found.ok, found.effects, found.trusted, found.fingerprint)
        assert tuple(shown[n] for n in ("ok", "effects", "trusted", "fingerprint")) == said
    return seen


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_a_receipt_holds_with_and_without_the_published_key(tmp_path: Path, count: int) -> None:
    file = _file(LEAVES[:count])

    seen = _agree(tmp_path, [(file, ""), (file, file["public_key"])])

    assert [(s["ok"], s["effects"], s["trusted"]) for s in seen] == [
        (True, True, False),
        (True, True, True),
    ]


def test_whatever_is_changed_does_not_hold(tmp_path: Path) -> None:
    file, foreign = _file(LEAVES), _file(LEAVES, Signer(OTHER))
    flipped = bytearray(base64.b64decode(file["signature"]))
    flipped[40] ^= 1
    order = (2**252 + 27742317777372353535851937790883648493).to_bytes(32, "little")
    scalar = int.from_bytes(flipped[32:], "little") + int.from_bytes(order, "little")
    again = base64.b64decode(file["signature"])[:32] + (scalar % 2**256).to_bytes(32, "little")
    changed: list[tuple[dict[str, Any], str]] = [
        ({**file, "receipt": file["receipt"].replace("erase", "keep")}, ""),
        ({**file, "signature": base64.b64encode(bytes(flipped)).decode()}, ""),
        ({**file, "signature": base64.b64encode(again).decode()}, ""),
        ({**file, "signature": "AAAA"}, ""),
        ({**file, "leaves": LEAVES[1:]}, ""),
        ({**file, "leaves": [{**LEAVES[0], "affected": 9}, *LEAVES[1:]]}, ""),
        ({**file, "salt": base64.b64encode(b"x" * 32).decode()}, ""),
        (foreign, file["public_key"]),
    ]

    assert [s["ok"] for s in _agree(tmp_path, changed)] == [False] * len(changed)


def test_hashes_and_signatures_are_those_of_the_library(tmp_path: Path) -> None:
    messages = [secrets.token_bytes(n) for n in (0, 1, 55, 56, 63, 64, 111, 112, 127, 128, 1000)]
    keys = [Ed25519PrivateKey.generate() for _ in messages]
    given = [
        [list(m), list(k.public_key().public_bytes_raw()), list(k.sign(m))]
        for m, k in zip(messages, keys, strict=True)
    ]
    program = (
        "given.map(([m, k, s]) => [hex(sha256(Uint8Array.from(m))),"
        " hex(sha512(Uint8Array.from(m))),"
        " signed(Uint8Array.from(k), Uint8Array.from(m), Uint8Array.from(s)),"
        " signed(Uint8Array.from(k), Uint8Array.from([...m, 0]), Uint8Array.from(s))])"
    )

    assert _run(program, given, tmp_path) == [
        [hashlib.sha256(m).hexdigest(), hashlib.sha512(m).hexdigest(), True, False]
        for m in messages
    ]


def test_a_vector_of_the_standard_holds(tmp_path: Path) -> None:
    """RFC 8032, 7.1, test 3."""
    key = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
    sent = (
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    given = [list(bytes.fromhex(t)) for t in (key, "af82", sent)]

    assert _run("signed(...given.map((x) => Uint8Array.from(x)))", given, tmp_path) is True


def test_what_is_no_receipt_is_told_so(tmp_path: Path) -> None:
    given = ["", "[]", "null", "{}", '{"receipt": 5}', "not JSON"]

    seen = _run("given.map((t) => check(t, ''))", given, tmp_path)

    assert [(s["ok"], s.get("unreadable")) for s in seen] == [(False, True)] * len(given)


def test_every_word_is_there_in_both_languages(tmp_path: Path) -> None:
    english, chinese = _run("Object.values(WORDS).map((w) => Object.keys(w))", [], tmp_path)
    said = set(re.findall(r'data-say="(\w+)"', TEXT)) | set(re.findall(r'say\("(\w+)"\)', SCRIPT))

    assert english == chinese
    assert said <= set(english)


def test_kinds_and_reasons_are_told_in_both_languages(tmp_path: Path) -> None:
    program = "['en', 'zh-CN'].map((l) => { language = l; return given.map(named); })"

    english, chinese = _run(program, ["deletion", "left_out", "not_found", "?"], tmp_path)

    assert english == ["Deletion", "Left out by a member of staff", "nothing found", "?"]
    assert chinese == ["删除", "由工作人员说明后略去", "未发现", "?"]


def test_texts_of_the_map_are_told_in_the_language_of_the_page(tmp_path: Path) -> None:
    body = {"zh": {"by law": "依法"}}
    program = (
        "['en', 'zh-CN'].map((l) => { language = l;"
        " return [told(given, 'by law'), told(given, 'a policy'), told({}, 'by law')]; })"
    )

    english, chinese = _run(program, body, tmp_path)

    assert english == ["by law", "a policy", "by law"]
    assert chinese == ["依法", "a policy", "by law"]


def test_the_page_stands_alone_and_may_reach_nothing() -> None:
    assert "default-src 'none'" in TEXT
    assert not re.search(r"https?:|//[a-z]|src=|href=|import\(|fetch\(|XMLHttp|WebSocket", TEXT)
    assert "innerHTML" not in TEXT


def test_the_command_line_gives_the_page_away(tmp_path: Path) -> None:
    out = tmp_path / "check.html"

    result = CliRunner().invoke(receipt, ["page", "--out", str(out)])

    assert result.exit_code == 0
    assert out.read_text(encoding="utf-8") == TEXT
