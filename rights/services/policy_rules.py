"""
What a policy file may not say, as rules with names.

Each refusal names its rule and the requirement behind it, in both languages, so that whoever
wrote the file can look up why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rights import yaml_file
from rights.domain.wording import filled
from rights.services.located_yaml import Section

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "policy_rules.yaml"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One thing that the law forbids to configure.

    Args:
        say: What to do instead, by language.
        keys: Words that ask for it wherever they stand.
    """

    name: str
    requirement: str
    say: Mapping[str, str]
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that a file breaks, and where."""

    rule: str
    requirement: str
    place: str
    text: Mapping[str, str]


@dataclass(slots=True)
class Lint:
    """What was found in one file: refusals by rule, beside the mistakes that sections note."""

    found: list[Refusal] = field(default_factory=list)

    def refuse(self, section: Section, name: str, key: str = "", **gaps: object) -> None:
        """Note that *key* breaks the rule *name*."""
        rule = rules()[name]
        text = {language: filled(said, gaps) for language, said in rule.say.items()}
        place = section.place(key)
        if any((one.rule, one.place) == (name, place) for one in self.found):
            return  # one line may be about several options of a kind
        self.found.append(Refusal(name, rule.requirement, place, MappingProxyType(text)))
        section.problems.append(f"{place}: {text['en']} [{rule.requirement} {name}]")

    def tempted(self, section: Section, **gaps: object) -> None:
        """Refuse every key of *section* that asks for what a rule forbids."""
        for key in section.values:
            name = forbidding(str(key))
            if name:
                section.seen.add(key)
                self.refuse(section, name, key, **gaps)


@cache
def rules() -> Mapping[str, Rule]:
    """Return every rule by its name."""
    found = yaml_file.read(_FILE)
    return MappingProxyType(
        {
            name: Rule(name, one["requirement"], one["say"], frozenset(one.get("keys", ())))
            for name, one in found.items()
        }
    )


def forbidding(word: str) -> str:
    """Return the rule that forbids what *word* asks for; empty when none does."""
    return next((rule.name for rule in rules().values() if word in rule.keys), "")


def sentence(name: str) -> str:
    """Return a rule's English words with its marks, for whoever reports it from elsewhere."""
    rule = rules()[name]
    return f"{rule.say['en']} [{rule.requirement} {name}]"
