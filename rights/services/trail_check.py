"""
Checks a folder of the audit trail, without the service and without its database.

Run it where nothing else of the service is: ``python3 check.py FOLDER [--public-key BASE64]…``.
It needs Python 3.11 and, for signatures, the package ``cryptography``. Exit 1: something does
not hold.

Every line of ``entries.jsonl`` is, byte for byte, what an entry's hash is over, and begins with
the hash of the line before it in the same chain. ``leaves.jsonl`` has the heads that each signed
checkpoint of ``checkpoints.jsonl`` commits to. What is in memory does not grow with the folder.

Source: PIPL 51, 54, 69; RFC 6962, section 2.1 (the tree).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FILES = ("entries.jsonl", "checkpoints.jsonl", "leaves.jsonl")
MOST_PROBLEMS = 1_000
KEPT = "rights-kept-checkpoint/1"
_PIECE = 1 << 20
_NOTED = re.compile(r"\b(\d{1,18}):([0-9a-f]{64})\b", re.IGNORECASE)
_SIGNED = ("previous", "root", "at", "chains", "last_entry_id", "settled_entry_id", "snapshot")


@dataclass
class Found:
    """
    What a folder says.

    Args:
        after: Entries that came after the last checkpoint of their chain: not signed for yet.
        purged: Chains whose entries were deleted at the end of their time, as is signed.
    """

    problems: list[str] = field(default_factory=list)
    entries: int = 0
    chains: int = 0
    checkpoints: int = 0
    after: int = 0
    purged: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.problems

    def complain(self, problem: str) -> None:
        """Add a problem; a folder in ruins is told as such."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


@dataclass(frozen=True)
class Known:
    """
    A checkpoint that somebody noted or kept where nobody of the company can write.

    Args:
        signed: All that was signed of it, where the whole of it was kept.
    """

    number: int
    root: str
    signed: tuple[Any, ...] = ()

    def is_not(self, signed: Sequence[Any]) -> bool:
        """Return whether what is signed here, from ``previous`` on, is something else."""
        return self.root != signed[1] or self.signed not in ((), tuple(signed))


def known(said: str) -> list[Known]:
    """
    Read ``NUMBER:ROOT``, or a file: a checkpoint that was kept, or any text that has that in it.

    Raises:
        ValueError: it is neither.
    """
    found = _NOTED.fullmatch(said.strip())
    if found:
        return [Known(int(found[1]), found[2].lower())]
    try:
        text = Path(said).read_text(encoding="utf-8")
        kept = json.loads(text) if KEPT in text else {}
        if kept:
            return [Known(int(kept["id"]), kept["root"], tuple(kept[one] for one in _SIGNED))]
    except (OSError, ValueError, KeyError, TypeError):
        text = ""
    several = [Known(int(number), root.lower()) for number, root in _NOTED.findall(text)]
    if not several:
        raise ValueError(f"{said}: is neither NUMBER:ROOT nor a file that has a checkpoint in it")
    return several


def check(folder: Path, public_keys: Sequence[str] = ()) -> Found:
    """
    Check every line of *folder*.

    Args:
        public_keys: Base64, from the company; without any, those in the folder are believed.
    """
    found = Found()
    try:
        _check(folder, public_keys, found)
    except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
        found.complain(f"the folder is damaged, or is none of the trail: {type(error).__name__}")
    return found


def _check(folder: Path, public_keys: Sequence[str], found: Found) -> None:
    said = (folder / "manifest.json").read_bytes()
    manifest, signature = json.loads(said), json.loads((folder / "signature.json").read_bytes())
    keys = {one: one for one in public_keys} or dict(manifest["public_keys"])
    if not _signed(said, signature, keys):
        found.complain("manifest.json: its signature does not hold")
    for name in FILES:
        if sum_of(folder / name) != manifest["sha256"].get(name):
            found.complain(f"{name}: is not the file that was signed")
    with tempfile.TemporaryDirectory() as place:
        heads = sqlite3.connect(Path(place) / "heads.db")
        try:
            _checkpoints(folder, heads, keys, found)
            _entries(folder, heads, found)
            _missing(heads, found)
        finally:
            heads.close()
    if not found.checkpoints:
        found.complain("checkpoints.jsonl: there is none, so that nothing here is signed for")
    for name, number in (("entries", found.entries), ("checkpoints", found.checkpoints)):
        if manifest[name] != number:
            found.complain(f"manifest.json: says {manifest[name]} {name}, there are {number}")


def sum_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")


def _signed(message: bytes, said: Any, keys: dict[str, str]) -> bool:
    """Return whether *message* is signed by the key that is named, or by one without a name."""
    named = [keys[said["key_id"]]] if said["key_id"] in keys else list(keys.values())
    for encoded in named:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded))
        try:
            key.verify(base64.b64decode(said["signature"]), message)
        except InvalidSignature:
            continue
        return True
    return False


# -- checkpoints ---------------------------------------------------------------------------------


def _checkpoints(
    folder: Path, heads: sqlite3.Connection, keys: dict[str, str], found: Found
) -> None:
    """Each is signed, follows on the one before it, and has the root of its leaves."""
    heads.execute("CREATE TABLE head (chain TEXT, seq INTEGER, hash TEXT, purged INTEGER)")
    leaves = groupby(
        map(json.loads, _lines(folder / "leaves.jsonl")), lambda one: one["checkpoint"]
    )
    previous = None
    for made in map(json.loads, _lines(folder / "checkpoints.jsonl")):
        found.checkpoints += 1
        number, said = made["id"], json.loads(made["signed"])
        if not _signed(made["signed"].encode(), made, keys):
            found.complain(f"checkpoint {number}: its signature does not hold")
        if previous not in (None, said[1]):
            found.complain(f"checkpoint {number}: does not follow on the one before it")
        of, under = next(leaves, (number, iter(())))
        if of != number or _root(_values(said[1], under, heads, keys, found)) != said[2]:
            found.complain(f"checkpoint {number}: its root is not that of its leaves")
        previous = said[2]
    if next(leaves, None) is not None:
        found.complain("leaves.jsonl: has leaves of no checkpoint")
    heads.execute("CREATE INDEX of_chain ON head (chain)")


def _values(
    previous: str,
    leaves: Iterator[dict[str, Any]],
    heads: sqlite3.Connection,
    keys: dict[str, str],
    found: Found,
) -> Iterator[bytes]:
    yield _text(["previous", previous])
    for one in leaves:
        purged = _purged(one, keys, found)
        row = (one["chain"], one["seq"], one["hash"], purged)
        heads.execute("INSERT INTO head VALUES (?, ?, ?, ?)", row)
        yield _text(["head", *row[:3]])


def _purged(one: dict[str, Any], keys: dict[str, str], found: Found) -> bool:
    """Return whether the end of a chain's time was signed."""
    said = one.get("purge")
    if not said:
        return False
    _, chain, seq, head, _ = json.loads(said["signed"])
    later = chain == one["chain"] and seq > one["seq"]
    same = (chain, seq, head) == (one["chain"], one["seq"], one["hash"])
    if not (same or later) or not _signed(said["signed"].encode(), said, keys):
        found.complain(f"{one['chain']}: that its entries were purged is not signed")
        return False
    return True


def _text(value: list[Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _root(values: Iterator[bytes]) -> str:
    peaks: list[tuple[int, bytes]] = []
    for value in values:
        height, top = 0, hashlib.sha256(b"\x00" + value).digest()
        while peaks and peaks[-1][0] == height:
            top = hashlib.sha256(b"\x01" + peaks.pop()[1] + top).digest()
            height += 1
        peaks.append((height, top))
    top = peaks.pop()[1]
    while peaks:
        top = hashlib.sha256(b"\x01" + peaks.pop()[1] + top).digest()
    return top.hex()


# -- entries -------------------------------------------------------------------------------------


def _entries(folder: Path, heads: sqlite3.Connection, found: Found) -> None:
    """Each line continues its chain, and is what a checkpoint says of it."""
    chain, seq, before, signed = "", 0, "", dict[int, str]()
    for line in _lines(folder / "entries.jsonl"):
        previous, of, number, *_ = json.loads(line)
        if of != chain:
            if of < chain:
                found.complain(f"{of}: stands before {chain}, and in another place too")
            _ended(chain, seq, signed, heads, found)
            chain, seq, before, signed = of, 0, "", _heads(of, heads)
            found.chains += 1
        if number != seq + 1 or previous != before:
            found.complain(f"{chain}: entry {number} does not follow on entry {seq}")
        before, seq = hashlib.sha256(line).hexdigest(), number
        found.entries += 1
        if signed.get(number, before) != before:
            found.complain(f"{chain}: entry {number} is not the one that was signed")
    _ended(chain, seq, signed, heads, found)


def _heads(chain: str, heads: sqlite3.Connection) -> dict[int, str]:
    return dict(heads.execute("SELECT seq, hash FROM head WHERE chain = ?", (chain,)))


def _ended(
    chain: str, seq: int, signed: dict[int, str], heads: sqlite3.Connection, found: Found
) -> None:
    """Compare how long a chain is with how long it was signed to be."""
    last = max(signed, default=0)
    if last > seq:
        found.complain(f"{chain}: entries {seq + 1} to {last} are missing")
    found.after += max(0, seq - last)
    heads.execute("DELETE FROM head WHERE chain = ?", (chain,))


def _missing(heads: sqlite3.Connection, found: Found) -> None:
    """A chain that a checkpoint names is here, or its purge is signed."""
    query = "SELECT chain, max(purged) FROM head GROUP BY chain ORDER BY chain"
    for chain, purged in heads.execute(query):
        if purged:
            found.purged += 1
        else:
            found.complain(f"{chain}: was signed for, and has no entry here")


def main() -> None:
    """Check a folder and say what was found."""
    parser = argparse.ArgumentParser(description="Check a folder of the audit trail.")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--public-key", action="append", default=[], help="base64, from the company; repeated"
    )
    given = parser.parse_args()
    found = check(given.folder, given.public_key)
    for line in told(found, trusted=bool(given.public_key)):
        print(line)  # noqa: T201 - this is a program of its own
    sys.exit(0 if found.ok else 1)


def told(found: Found, *, trusted: bool) -> list[str]:
    """Return in words what was found."""
    lines = [
        *found.problems,
        f"{found.entries} entries in {found.chains} chains under {found.checkpoints} checkpoints",
        f"{found.after} entries came after the last checkpoint of their chain",
        f"{found.purged} chains were purged at the end of their time",
        "everything holds" if found.ok else "this does NOT hold",
    ]
    if not trusted:
        lines.append("signatures were checked with the keys in the folder: compare them with those")
        lines.append("that the company publishes, or give one with --public-key")
    return lines


if __name__ == "__main__":
    main()
