"""The shape of a data map: which keys there are and what each may hold."""

from __future__ import annotations

from typing import Any

from rights.domain.datamap import Depth, Erasure, RelatesTo, Role, Secret, Source
from rights.domain.purposes import MANNERS
from rights.services.datamap import words
from rights.services.datamap.paces import LimitsShape, PauseWhenShape
from rights.services.datamap.values import (
    Choice,
    Closed,
    Flag,
    Many,
    Part,
    Plain,
    Settings,
    Table,
    Text,
    Whole,
    WordOr,
    Words,
)
from rights.services.hold_catalogue import catalogue


def _name(**kwargs: Any) -> Text:
    return Text(words.NAME, words.NAME_RULE, **kwargs)


def _row_name(**kwargs: Any) -> Text:
    return Text(words.ROW_NAME, words.ROW_RULE, **kwargs)


def _period(**kwargs: Any) -> Text:
    return Text(words.PERIOD, words.PERIOD_RULE, **kwargs)


def _rows() -> Many:
    return Many(_row_name())


class Bilingual(Closed):
    """Words a person reads, in both languages."""

    zh = Text(required=True)
    en = Text(required=True)


def _words(**kwargs: Any) -> Words:
    return Words(Bilingual, **kwargs)


class IdentifierShape(Closed):
    """``identifiers.<type>``."""

    kind = Choice(words.IDENTIFIER_KINDS, "kind of identifier", required=True)
    normalise = Choice(words.NORMALISE, "way to normalise")
    recycled = Flag()


class CorrectShape(Closed):
    """``correct`` at length."""

    mode = Choice(words.CORRECT_MODES, "way to correct", required=True)
    because = _words()
    type = Choice(words.CORRECT_TYPES, "type of value")
    max_length = Whole()
    pattern = Text()


class DerivedShape(Closed):
    """``derived_from`` at length."""

    fields_ = Many(_row_name(), data_key="fields", required=True)
    on_erasure = Choice(words.ON_SOURCE_ERASURE, "effect on a derived value")


class Derived(Many):
    """A list of fields, or the same with what becomes of the value."""

    def __init__(self) -> None:
        super().__init__(_row_name())

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, dict):
            return DerivedShape().load(value)
        return super()._deserialize(value, None, None)


class AiShape(Closed):
    """``ai``: what models do with the value."""

    role = Choice(words.AI_ROLES, "role of data in AI", required=True)
    use = Choice(words.AI_USES, "use by AI", required=True)


class ContactShape(Closed):
    """``contact``: a contact on file."""

    changed_at = _row_name(required=True)


class ProofShape(Closed):
    """``proof`` at length: what the value is, and how it is compared."""

    as_ = Choice(words.PROOFS, "use as proof", required=True, data_key="as")
    compare = Choice(words.COMPARE, "way to compare")


class FieldShape(Closed):
    """One member of ``fields``."""

    name = _row_name(required=True)
    title = Part(Bilingual)
    category = Text(required=True)
    disclose = Flag()
    source = Choice(Source, "source")
    purposes = Many(_name())
    basis = Text()
    sensitive = Flag()
    relates_to = Choice(RelatesTo, "relation")
    secret = Choice(Secret, "kind of secret")
    erasure = Choice(Erasure, "way to erase")
    emptied_to = Plain()
    because = _words()
    derived_from = Derived()
    ai = Part(AiShape)
    correct = WordOr(words.CORRECT_MODES, lambda: Part(CorrectShape))
    proof = WordOr(words.PROOFS, lambda: Part(ProofShape))
    contact = Part(ContactShape)


class TypeShape(Closed):
    """``type`` of a polymorphic link."""

    column = _row_name(required=True)
    value = Plain(required=True)


class AccessShape(Closed):
    """``on_access`` at length."""

    mask = Many(_row_name(), required=True)


class ErasureShape(Closed):
    """``on_erasure`` at length."""

    anonymise = Many(_row_name(), required=True)


class LinkShape(Closed):
    """One member of ``links``."""

    columns = Many(_row_name(), required=True)
    to = Text()
    to_columns = _rows()
    identifier = _name()
    role = Choice(Role, "role", required=True)
    type_ = Part(TypeShape, data_key="type")
    on_access = WordOr(("omit",), lambda: Part(AccessShape))
    on_erasure = WordOr(("delete", "keep"), lambda: Part(ErasureShape))
    because = _words()
    depth = Choice(Depth, "depth")


class RetentionShape(Closed):
    """``retention`` at length."""

    period = _period(required=True)
    from_ = _row_name(required=True, data_key="from")
    basis = _words(required=True)
    rank = Choice(tuple(words.RANKS), "rank", required=True)
    keep_fields = _rows()


class HoldShape(Closed):
    """``retention`` that takes period, basis and rank from the hold catalogue."""

    hold = Choice(tuple(catalogue().duties), "duty to keep", required=True)
    from_ = _row_name(required=True, data_key="from")
    keep_fields = _rows()


class WithShape(Closed):
    """``retention`` that follows another collection's."""

    with_ = Text(required=True, data_key="with")
    keep_fields = _rows()


class RestrictionShape(Closed):
    """``restriction`` at length."""

    strategy = Choice(words.STRATEGIES, "way to restrict", required=True)
    column = _row_name()
    value = Plain()
    lifted = Plain()


class RetentionPart(Part):
    """A rule of its own, one of the catalogue, or ``with:`` the collection whose rule holds."""

    def __init__(self) -> None:
        super().__init__(RetentionShape)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict) and "with" in value:
            return Part(WithShape).deserialize(value)
        if isinstance(value, dict) and "hold" in value:
            return Part(HoldShape).deserialize(value)
        return super()._deserialize(value, *args, **kwargs)


def _retention() -> WordOr:
    return WordOr(("none",), RetentionPart)


class ConversationShape(Closed):
    """``conversation``: the columns of a dialogue that people are shown."""

    session = _row_name(required=True)
    text = _row_name(required=True)
    at = _row_name(required=True)


class CollectionShape(Closed):
    """One member of ``collections``."""

    name = Text(r"[^\s:](?:[^:\n]*[^\s:])?", words.ROW_RULE, required=True)
    title = Part(Bilingual)
    identifies = Table(keys=_name(), values=_row_name())
    links = Many(Part(LinkShape))
    key = _rows()
    fields_ = Many(Part(FieldShape), data_key="fields")
    basis = Text()
    purposes = Many(_name())
    source = Choice(Source, "source")
    erasure = Choice(Erasure, "way to erase")
    because = _words()
    retention = _retention()
    restriction = WordOr(("seal", "escrow"), lambda: Part(RestrictionShape))
    close = Table(keys=_row_name(), values=Plain())
    conversation = Part(ConversationShape)
    settings = Settings()


class RecipientShape(Closed):
    """One member of ``recipients``."""

    name = Text(required=True)
    contact = Text(required=True)
    purpose = _words()
    method = _words()
    categories = Many(Text())
    country = Text(words.COUNTRY, words.COUNTRY_RULE)
    condition = _words(allow_none=True)


class LocationShape(Closed):
    """``location`` of a store."""

    country = Text(words.COUNTRY, words.COUNTRY_RULE, required=True)
    region = Text()
    transit = Flag()


class IgnoredShape(Closed):
    """One member of ``ignored``."""

    name = Text(required=True)
    because = Text(required=True)


class DefaultsShape(Closed):
    """``defaults`` of a store: what its collections say unless they say otherwise."""

    basis = Text()
    purposes = Many(_name())
    source = Choice(Source, "source")
    retention = _retention()


class HorizonShape(Closed):
    """``horizon`` at length."""

    within = _period(required=True)
    by = _words(required=True)


class BackupShape(Closed):
    """One member of ``backups``."""

    name = Text(required=True)
    keeps = _period(required=True)
    remedy = Text()


class StoreShape(Closed):
    """One member of ``stores``."""

    name = _name(required=True)
    title = Part(Bilingual)
    connector = _name(required=True)
    settings = Settings()
    owner = Text()
    role = Choice(words.STORE_ROLES, "role of a store")
    location = Part(LocationShape)
    classification = Choice(words.CLASSIFICATIONS, "classification")
    recipients = Many(Part(RecipientShape))
    defaults = Part(DefaultsShape)
    collections = Many(Part(CollectionShape))
    ignored = Many(Part(IgnoredShape))
    serving = Flag()
    horizon = Part(HorizonShape)
    backups = Many(Part(BackupShape))
    limits = Part(LimitsShape)
    pause_when = Part(PauseWhenShape)


class ContractShape(Closed):
    """``contract`` of a purpose: what shows that it runs."""

    collection = Text(required=True)
    column = _row_name(required=True)
    values = Many(Plain(), required=True)


class PurposeShape(Closed):
    """One member of ``purposes``."""

    name = _name(required=True)
    title = Part(Bilingual, required=True)
    basis = Choice(words.BASES, "legal basis", required=True)
    necessary = Flag()
    use = Choice(words.AI_USES, "use by AI")
    contract = Part(ContractShape)
    approval = Text()
    manner = Choice(MANNERS, "manner of consent")


class DecisionShape(Closed):
    """One member of ``decisions``."""

    name = _name(required=True)
    title = Part(Bilingual, required=True)
    purpose = _name(required=True)
    inputs = Many(Text(), required=True)
    logic = Part(Bilingual, required=True)
    outcome = Text(required=True)
    version_field = Text()
    solely_automated = Flag()
    reviewer_role = Choice(words.REVIEWERS, "staff role")
    human_flag = Text()


class SwitchShape(Closed):
    """One member of ``switches``."""

    name = Text(required=True)
    collection = Text(required=True)
    column = _row_name(required=True)
    on = Plain()
    off = Plain()


class ControllerShape(Closed):
    """``controller``: who answers, and the officer people may turn to."""

    name = Part(Bilingual, required=True)
    dpo_contact = Text(required=True)


class MapShape(Closed):
    """The whole document."""

    version = Whole()
    controller = Part(ControllerShape)
    identifiers = Table(keys=_name(), values=Part(IdentifierShape), required=True)
    stores = Many(Part(StoreShape), required=True)
    purposes = Many(Part(PurposeShape))
    decisions = Many(Part(DecisionShape))
    switches = Many(Part(SwitchShape))
