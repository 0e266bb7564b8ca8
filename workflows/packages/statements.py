"""
Answers in sentences: what a person is told that is not a table of their rows.

Everything is made from the data map in force, from counts, and from the person's own rows;
nothing is typed.

Source: PIPL 17, 24(3), 48; NDSR 21; GDPR 13-15.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.sdk import Collection, DataMap
from rights.domain.datamap import Decision
from rights.domain.kinds import Kind
from rights.services import catalogue
from rights.services.recipients_told import Telling
from workflows.packages import facts
from workflows.packages.words import Both, basis, both, word

Rows = Callable[[str], Iterable[Mapping[str, Any]]]
"""Collection path to the person's rows."""


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One titled answer.

    Args:
        name: Stable, for machines: ``recipients``, ``decision:<name>`` …
        data: The same as JSON-native values.
    """

    name: str
    title: Both
    lines: tuple[Both, ...]
    data: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return JSON-native values."""
        lines = [{"zh": line.zh, "en": line.en} for line in self.lines]
        title = {"zh": self.title.zh, "en": self.title.en}
        return {"name": self.name, "title": title, "lines": lines, "data": dict(self.data)}


def rules(datamap: DataMap, topic: str = "") -> list[Statement]:
    """Explain how personal data is handled; a topic that is not one of ours gets everything."""
    parts = {"purposes": purposes, "recipients": recipients, "ai_use": ai_use, "retention": kept}
    chosen = {topic: parts[topic]} if topic in parts else parts
    made = [part(datamap) for part in chosen.values()]
    return [*made, *(logic(d) for d in datamap.decisions if topic in ("", "decisions"))]


def purposes(datamap: DataMap) -> Statement:
    """Say what data is used for, and on what ground."""
    lines = [
        Both(
            f"{both(p.title, p.name).zh}：{basis(p.basis).zh}"
            f"（{'服务所必需' if p.necessary else '可选'}）",
            f"{both(p.title, p.name).en}: {basis(p.basis).en} "
            f"({'needed for the service' if p.necessary else 'optional'})",
        )
        for p in datamap.purposes.values()
    ]
    data = {p.name: {"basis": p.basis, "necessary": p.necessary} for p in datamap.purposes.values()}
    return Statement("purposes", Both("处理目的与依据", "Purposes and grounds"), tuple(lines), data)


def recipients(datamap: DataMap) -> Statement:
    """Say who receives data, for what, and where they are."""
    lines: list[Both] = []
    data: list[dict[str, Any]] = []
    for store in datamap:
        for to in store.recipients:
            what = [word("categories", c) for c in to.categories]
            zh, en = "、".join(w.zh for w in what), ", ".join(w.en for w in what)
            purpose, method = both(datamap.text(to.purpose)), both(datamap.text(to.method))
            lines.append(
                Both(
                    f"{to.name}：{zh or '全部类别'}；目的：{purpose.zh}；方式：{method.zh}；"
                    f"联系方式：{to.contact}",
                    f"{to.name}: {en or 'all categories'}; for: {purpose.en}; by: {method.en}; "
                    f"contact: {to.contact}",
                )
            )
            data.append({"name": to.name, "purpose": to.purpose, "categories": list(to.categories)})
    nobody = Both("没有登记在案的接收方。", "No recipient is on record.")
    title = Both("个人信息接收方清单", "Who receives personal data")
    return Statement("recipients", title, tuple(lines) or (nobody,), {"recipients": data})


def told(found: Iterable[Telling]) -> Statement:
    """Say who was told of what the person asked for before, who was not and why."""
    lines: list[Both] = []
    data: list[dict[str, Any]] = []
    for one in found:
        day = one.at.date().isoformat() if one.at else ""
        kind, came = _kind(one.kind), word("told_recipient", one.outcome)
        zh, en = (f"（{day}）", f" ({day})") if day else ("", "")
        why_zh, why_en = (f"：{one.because}", f": {one.because}") if one.because else ("", "")
        lines.append(
            Both(
                f"{kind.zh}（{one.request_id}）· {one.name}：{came.zh}{zh}{why_zh}",
                f"{kind.en} ({one.request_id}) · {one.name}: {came.en}{en}{why_en}",
            )
        )
        data.append(
            {
                "request": one.request_id,
                "name": one.name,
                "outcome": str(one.outcome),
                "at": one.at.isoformat() if one.at else None,
                "because": one.because or None,
            }
        )
    nobody = Both(
        "没有您此前涉及接收方的请求的记录。",
        "No earlier request of yours that concerned a recipient is on record.",
    )
    title = Both("已告知哪些接收方", "Which recipients were told")
    return Statement("recipients_told", title, tuple(lines) or (nobody,), {"told": data})


def _kind(kind: Kind) -> Both:
    return both(catalogue.words()["kinds"].get(kind, {}).get("title", {}), str(kind))


def ai_use(datamap: DataMap) -> Statement:
    """Say which data models read or learn from."""
    lines: list[Both] = []
    data: list[dict[str, str]] = []
    for collection in datamap.collections:
        for f in collection.fields:
            if not f.ai:
                continue
            role, use = f.ai.get("role", ""), f.ai.get("use", "")
            of = both(collection.title, collection.name)
            name = both(f.title, f.name)
            zh, en = word("ai_use", use), word("ai_role", role)
            lines.append(
                Both(
                    f"{of.zh} · {name.zh}：{en.zh}，用于{zh.zh}",
                    f"{of.en} · {name.en}: {en.en}, used for {zh.en}",
                )
            )
            data.append({"field": f"{collection.path}.{f.name}", "role": role, "use": use})
    none = Both("没有登记在案的模型使用。", "No use by a model is on record.")
    title = Both("人工智能使用情况", "Use by artificial intelligence")
    return Statement("ai_use", title, tuple(lines) or (none,), {"fields": data})


def kept(datamap: DataMap) -> Statement:
    """Say how long data is kept."""
    found = [facts.retention(datamap, c) for c in datamap.collections]
    lines = tuple(Both(f"{f.title.zh}：{f.text.zh}", f"{f.title.en}: {f.text.en}") for f in found)
    data = {f.collection: {"period": f.period, "basis": f.basis} for f in found}
    return Statement("retention", Both("保存期限", "How long data is kept"), lines, data)


def summary(datamap: DataMap, found: Mapping[str, Mapping[str, int]]) -> Statement:
    """Say what is held, as categories and counts."""
    lines = []
    for path, counts in found.items():
        collection = datamap.collection(path)
        title = both(collection.title, collection.name)
        names = [word("categories", c) for c in _categories(collection)]
        zh, en = "、".join(n.zh for n in names), ", ".join(n.en for n in names)
        rows = counts["rows"]
        lines.append(Both(f"{title.zh}（{zh}）：{rows} 条", f"{title.en} ({en}): {rows} records"))
    data = {path: counts["rows"] for path, counts in found.items()}
    title = Both("我们持有的您的个人信息概览", "What we hold about you, in short")
    return Statement("summary", title, tuple(lines), data)


def decisions(datamap: DataMap, name: str, rows: Rows) -> list[Statement]:
    """Explain decisions with the person's own inputs and outcome."""
    chosen = [d for d in datamap.decisions if name in ("", d.name)]
    return [_decision(datamap, d, rows) for d in chosen]


def _decision(datamap: DataMap, decision: Decision, rows: Rows) -> Statement:
    inputs = {path: list(_values(path, rows)) for path in decision.inputs}
    outcome = list(_values(decision.outcome, rows))
    version = list(_values(decision.version_field, rows)) if decision.version_field else []
    lines = [*logic(decision).lines]
    for path, values in inputs.items():
        name = _field_title(datamap, path)
        shown = _shown(values)
        lines.append(
            Both(f"您的输入 · {name.zh}：{shown.zh}", f"Your input · {name.en}: {shown.en}")
        )
    result = _shown(outcome)
    lines.append(Both(f"结果：{result.zh}", f"Outcome: {result.en}"))
    if version:
        text = ", ".join(str(v) for v in version)
        lines.append(Both(f"模型或规则版本：{text}", f"Model or rule version: {text}"))
    data = {"inputs": inputs, "outcome": outcome, "version": version}
    title = both(decision.title, decision.name)
    return Statement(f"decision:{decision.name}", title, tuple(lines), data)


def logic(decision: Decision) -> Statement:
    """Say how a decision is made, and whether a person takes part."""
    said = both(decision.logic, decision.name)
    alone = Both(
        "该决定仅通过自动化方式作出。" if decision.solely_automated else "该决定有人工参与。",
        "Made by automation alone."
        if decision.solely_automated
        else "A person takes part in the decision.",
    )
    title = both(decision.title, decision.name)
    data = {"solely_automated": decision.solely_automated, "inputs": list(decision.inputs)}
    return Statement(f"decision:{decision.name}", title, (said, alone), data)


def _values(path: str, rows: Rows) -> Iterator[Any]:
    collection, _, name = path.rpartition(".")
    for row in rows(collection):
        if name in row:
            yield row[name]


def _shown(values: list[Any]) -> Both:
    if not values:
        return Both("没有记录", "none on record")
    text = ", ".join(str(v) for v in values[:20])
    more = len(values) - 20
    return (
        Both(f"{text} 等 {len(values)} 项", f"{text} and {more} more")
        if more > 0
        else Both(text, text)
    )


def _field_title(datamap: DataMap, path: str) -> Both:
    collection, _, name = path.rpartition(".")
    found = datamap.collection(collection).field(name)
    return both(found.title, name) if found else Both(name, name)


def _categories(collection: Collection) -> list[str]:
    return list(dict.fromkeys(f.category for f in collection.fields))
