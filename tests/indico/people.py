"""
The conference's people, known to the tests by name.

Who they are is the input of the tests: an account that took over another one and has two
addresses, a co-author, an organiser whose name is on everybody's rows, a guest known by an address
only, somebody of whom no law holds anything any more, and addresses that merely look alike.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """One person; ``account`` is false for those the system knows by their address only."""

    email: str
    first: str
    last: str
    account: bool = True
    also: tuple[str, ...] = ()

    @property
    def emails(self) -> tuple[str, ...]:
        """Every address of theirs, in lower case."""
        return (self.email, *self.also)


ANNA = Person(
    "anna.liu@example.com", "安娜", "刘", also=("anna@work.example", "anna.old@example.org")
)
"""Has everything: rights, rooms, papers, registrations, tokens, and an account merged into hers."""

BO = Person("bo.chen@example.com", "波", "陈")
"""Co-author, reviewer, and the other party of Anna's bookings."""

CLERK = Person("clerk@conf.example", "Clark", "Clerk")
"""Organises: creator of the events, judge, author of most log entries."""

LEO = Person("leo.old@example.com", "Leo", "Oldman")
"""Came only long ago: no law holds anything of his any more."""

GUEST = Person("wei.guest@example.cn", "Wei", "Guo", account=False)
"""No account: registered and invited by address, and author of a talk."""

MEI = Person("mei.quiet@example.com", "梅", "林")
"""An account and nothing else."""

LOOKALIKES = (
    Person("anna_liu@example.com", "Anna", "Wildcard"),
    Person("xanna.liu@example.com", "Anna", "Longer", account=False),
    Person("anna.liu@example.com.cn", "安娜", "刘"),
)
"""Other people, whose addresses differ in a character or two."""

CROWD = tuple(
    Person(f"participant{number}@example.com", first, last)
    for number, (first, last) in enumerate(
        (("伟", "王"), ("芳", "李"), ("Alice", "Smith"), ("Bob", "Jones"), ("Judy", "O'Neil"))
    )
)

FRIEND = "13612345678"
"""The telephone of somebody whom people mention, and who is in no table."""

EVERYBODY = (ANNA, BO, CLERK, LEO, GUEST, MEI, *LOOKALIKES, *CROWD)
