"""When data may be anonymised in place of being deleted."""

from __future__ import annotations

import pytest

from rights.domain.anonymising import approved, selectable
from rights.domain.datamap import Collection, DataMap, Erasure, Store
from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind, Option
from rights.services.forms import GROUNDS, check

FREE = {"unavoidable_collection", "unconsented_collection"}


@pytest.mark.requirement("R-24-1")
@pytest.mark.parametrize("ground", ["", *GROUNDS])
def test_anonymising_is_for_three_triggers_the_persons_word_or_the_maps(ground: str) -> None:
    alone = selectable(ground=ground, agreed=False, approved=False)

    assert alone == (ground == "" or ground in FREE)
    assert selectable(ground=ground, agreed=True, approved=False)
    assert selectable(ground=ground, agreed=False, approved=True)


@pytest.mark.requirement("R-24-1")
@pytest.mark.parametrize(
    ("ways", "said"),
    [
        (["anonymise"], True),
        (["anonymise", "keep"], True),
        (["anonymise", "delete"], False),
        (["delete"], False),
        (["keep"], False),
    ],
)
def test_the_map_approves_it_where_it_deletes_nothing(ways: list[str], *, said: bool) -> None:
    assert approved(_map(*ways)) is said


@pytest.mark.requirement("R-24-1:bad")
@pytest.mark.parametrize("ground", ["consent_withdrawn", "purpose_achieved", "service_ended"])
def test_to_anonymise_what_the_law_has_deleted_is_refused_without_an_approval(ground: str) -> None:
    def ask(datamap: DataMap, **parameters: str) -> list[FieldError]:
        given = {"ground": ground, **parameters}
        try:
            check(
                datamap,
                Kind.DELETION,
                Option.ANONYMISE,
                parameters=given,
                values={},
            )
        except Invalid as refused:
            return list(refused.errors)
        return []

    (wrong,) = ask(_map("delete"))
    assert (wrong.field, wrong.allowed) == ("option", ("delete",))
    assert ask(_map("delete"), agreed="anonymise") == []
    assert ask(_map("anonymise")) == []
    assert [e.field for e in ask(_map("delete"), agreed="whatever")] == ["parameters.agreed"]


def _map(*ways: str) -> DataMap:
    found = tuple(Collection("s", f"c{n}", erasure=Erasure(way)) for n, way in enumerate(ways))
    return DataMap((Store("s", "memory", found),), {})
