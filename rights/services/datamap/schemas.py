"""The shape of a data map: which keys there are and what each may hold."""

from __future__ import annotations

from typing import Any

from rights.domain.datamap import Depth, Erasure, RelatesTo, Role, Secret, Source
from rights.domain.purposes import MANNERS
from rights.services.datamap import words
from rights.services.datamap.hold_shapes import RestrictionShape, a_retention
from rights.services.datamap.paces import LimitsShape, PauseWhenShape
from rights.services.datamap.shapes import (
    a_column,
    a_name,
    a_period,
    by_hand,
    said,
    some_columns,
)
from rights.services.datamap.values import (
    Bilingual,
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
)


class IdentifierShape(Closed):
    """``identifiers.<type>``."""

    kind = Choice(words.IDENTIFIER_KINDS, "kind of identifier", required=True)
    normalise = Choice(words.NORMALISE, "way to normalise")
    recycled = Flag()


class CorrectShape(Closed):
    """``correct`` at length."""

    mode = Choice(words.CORRECT_MODES, "way to correct", required=True)
    because = said()
    type = Choice(words.CORRECT_TYPES, "type of value")
    max_length = Whole()
    pattern = Text()


class DerivedShape(Closed):
    """``derived_from`` at length."""

    fields_ = Many(a_column(), data_key="fields", required=True)
    on_erasure = Choice(words.ON_SOURCE_ERASURE, "effect on a derived value")


class Derived(Many):
    """A list of fields, or the same with what becomes of the value."""

    def __init__(self) -> None:
        super().__init__(a_column())

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

    changed_at = a_column(required=True)


class ProofShape(Closed):
    """``proof`` at length: what the value is, and how it is compared."""

    as_ = Choice(words.PROOFS, "use as proof", required=True, data_key="as")
    compare = Choice(words.COMPARE, "way to compare")


class FieldShape(Closed):
    """One member of ``fields``."""

    name = a_column(required=True)
    title = Part(Bilingual)
    category = Text(required=True)
    disclose = Flag()
    source = Choice(Source, "source")
    purposes = Many(a_name())
    basis = Text()
    sensitive = Flag()
    relates_to = Choice(RelatesTo, "relation")
    secret = Choice(Secret, "kind of secret")
    erasure = Choice(Erasure, "way to erase")
    emptied_to = Plain()
    because = said()
    derived_from = Derived()
    ai = Part(AiShape)
    correct = WordOr(words.CORRECT_MODES, lambda: Part(CorrectShape))
    proof = WordOr(words.PROOFS, lambda: Part(ProofShape))
    contact = Part(ContactShape)


class TypeShape(Closed):
    """``type`` of a polymorphic link."""

    column = a_column(required=True)
    value = Plain(required=True)


class AccessShape(Closed):
    """``on_access`` at length."""

    mask = Many(a_column(), required=True)


class ErasureShape(Closed):
    """``on_erasure`` at length."""

    anonymise = Many(a_column(), required=True)


class LinkShape(Closed):
    """One member of ``links``."""

    columns = Many(a_column(), required=True)
    to = Text()
    to_columns = some_columns()
    identifier = a_name()
    role = Choice(Role, "role", required=True)
    type_ = Part(TypeShape, data_key="type")
    on_access = WordOr(("omit",), lambda: Part(AccessShape))
    on_erasure = WordOr(("delete", "keep"), lambda: Part(ErasureShape))
    because = said()
    depth = Choice(Depth, "depth")


class ConversationShape(Closed):
    """``conversation``: the columns of a dialogue that people are shown."""

    session = a_column(required=True)
    text = a_column(required=True)
    at = a_column(required=True)


class UnsettledShape(Closed):
    """``unsettled``: which rows are a matter that is not settled, and where people settle it."""

    column = a_column(required=True)
    values = Many(Plain(), required=True)
    title = Part(Bilingual, required=True)
    resolve = Text(words.ADDRESS, words.ADDRESS_RULE, required=True)


class TagChoiceShape(Closed):
    """One member of ``choices``."""

    tag = Text(words.TAG, words.TAG_RULE, required=True)
    title = Part(Bilingual, required=True)
    set = Table(keys=a_column(), values=Plain())


class TagsShape(Closed):
    """``tags``: what people may choose, and how a chosen tag is written."""

    choices = Many(Part(TagChoiceShape), required=True)
    chosen = Table(keys=a_column(), values=Plain(), required=True)
    since = a_column()


class CollectionShape(Closed):
    """One member of ``collections``."""

    name = Text(r"[^\s:](?:[^:\n]*[^\s:])?", words.ROW_RULE, required=True)
    title = Part(Bilingual)
    identifies = Table(keys=a_name(), values=a_column())
    links = Many(Part(LinkShape))
    key = some_columns()
    fields_ = Many(Part(FieldShape), data_key="fields")
    basis = Text()
    purposes = Many(a_name())
    source = Choice(Source, "source")
    erasure = Choice(Erasure, "way to erase")
    because = said()
    retention = a_retention()
    restriction = WordOr(("seal", "escrow"), lambda: Part(RestrictionShape))
    close = Table(keys=a_column(), values=Plain())
    conversation = Part(ConversationShape)
    products = Many(a_name())
    unsettled = Part(UnsettledShape)
    tags = Part(TagsShape)
    by_hand = by_hand()
    settings = Settings()


class RecipientShape(Closed):
    """One member of ``recipients``."""

    name = Text(required=True)
    contact = Text(required=True)
    purpose = said()
    method = said()
    categories = Many(Text())
    country = Text(words.COUNTRY, words.COUNTRY_RULE)
    condition = said(allow_none=True)


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
    purposes = Many(a_name())
    source = Choice(Source, "source")
    retention = a_retention()
    products = Many(a_name())


class HorizonShape(Closed):
    """``horizon`` at length."""

    within = a_period(required=True)
    by = said(required=True)


class BackupShape(Closed):
    """One member of ``backups``."""

    name = Text(required=True)
    keeps = a_period(required=True)
    remedy = Text()


class StoreShape(Closed):
    """One member of ``stores``."""

    name = a_name(required=True)
    title = Part(Bilingual)
    connector = a_name(required=True)
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
    by_hand = by_hand()


class ContractShape(Closed):
    """``contract`` of a purpose: what shows that it runs."""

    collection = Text(required=True)
    column = a_column(required=True)
    values = Many(Plain(), required=True)


class PurposeShape(Closed):
    """One member of ``purposes``."""

    name = a_name(required=True)
    title = Part(Bilingual, required=True)
    basis = Choice(words.BASES, "legal basis", required=True)
    necessary = Flag()
    use = Choice(words.AI_USES, "use by AI")
    contract = Part(ContractShape)
    approval = Text()
    manner = Choice(MANNERS, "manner of consent")


class DecisionShape(Closed):
    """One member of ``decisions``."""

    name = a_name(required=True)
    title = Part(Bilingual, required=True)
    purpose = a_name(required=True)
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
    column = a_column(required=True)
    on = Plain()
    off = Plain()


class ControllerShape(Closed):
    """``controller``: who answers, and the officer people may turn to."""

    name = Part(Bilingual, required=True)
    dpo_contact = Text(required=True)


class ProductShape(Closed):
    """One member of ``products``."""

    name = a_name(required=True)
    title = Part(Bilingual, required=True)


class MapShape(Closed):
    """The whole document."""

    version = Whole()
    controller = Part(ControllerShape)
    identifiers = Table(keys=a_name(), values=Part(IdentifierShape), required=True)
    stores = Many(Part(StoreShape), required=True)
    purposes = Many(Part(PurposeShape))
    decisions = Many(Part(DecisionShape))
    switches = Many(Part(SwitchShape))
    products = Many(Part(ProductShape))
