"""
The shop's people, known to the tests by name.

Who they are is the input of the tests: an account with guest orders beside it (written with
other capitals, as people do), a guest without an account, addresses that merely look alike, a
friend a wish list is shared with, staff who act on other people's rows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """One customer."""

    email: str
    first: str
    last: str


ANNA = Person("anna.liu@example.com", "安娜", "刘")
"""An account with everything, and guest orders under the same address."""

GUEST = Person("wei.guest@example.cn", "Wei", "Guo")
"""No account: two orders and an alert, known by the address only."""

LEO = Person("leo.old@example.com", "Leo", "Old")
"""Bought only long ago: no law holds anything of his any more."""

MEI = Person("mei.quiet@example.com", "梅", "林")
"""An account and nothing else but a basket."""

FRIEND = Person("friend@example.com", "Fran", "Friend")
"""Anna's wish list is shared with her; she voted for Anna's review."""

LOOKALIKES = (
    Person("anna.liu@example.co", "Anna", "Short"),
    Person("xanna.liu@example.com", "Anna", "Longer"),
    Person("anna_liu@example.com", "Anna", "Wildcard"),
    Person("anna.liu@example.com.cn", "安娜", "刘"),
)
"""Other people, whose addresses differ in a character or two."""

CLERK = Person("clerk@shop.example", "Clark", "Clerk")
"""Staff: notes on orders, entries in the admin's log."""

VENDOR = Person("vendor@teahouse.example", "Ven", "Dor")
"""Belongs to the partner that delivers the goods; buys here, too."""

NAMES = (
    ("伟", "王"), ("芳", "李"), ("娜", "张"), ("敏", "刘"), ("静", "陈"), ("丽", "杨"),
    ("强", "赵"), ("磊", "黄"), ("军", "周"), ("洋", "吴"), ("Alice", "Smith"), ("Bob", "Jones"),
    ("Carol", "Taylor"), ("Dave", "Brown"), ("Erin", "Wilson"), ("Frank", "Evans"),
    ("Grace", "Thomas"), ("Heidi", "Roberts"), ("Ivan", "Walker"), ("Judy", "O'Neil"),
)  # fmt: skip

CROWD = tuple(
    Person(f"customer{number}@example.com", first, last)
    for number, (first, last) in enumerate(NAMES)
)

CUSTOMERS = (ANNA, LEO, MEI, FRIEND, *LOOKALIKES, VENDOR, *CROWD)
