"""A curl example for each call of the contract, made from the contract itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rights.web.fields import Taken, taken

_BASE: Final = "$RIGHTS"
_METHODS: Final = ("get", "head", "post", "put", "patch", "delete")
_CREDENTIAL: Final = {"backendKey": "$KEY", "grant": "$GRANT"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One status a call answers with; *codes* are those of its problems."""

    status: str
    about: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallExample:
    """One call, for the documentation."""

    method: str
    path: str
    name: str
    area: str
    summary: str
    description: str
    scope: str
    takes: tuple[Taken, ...]
    answers: tuple[Answer, ...]
    curl: str


def calls(document: Mapping[str, Any]) -> list[CallExample]:
    """Return every call of a contract with its example."""
    return [
        _example(document, path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    ]


def _example(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> CallExample:
    return CallExample(
        method=method.upper(),
        path=path,
        name=operation["operationId"],
        area=operation["tags"][0],
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        scope=operation.get("x-scope", ""),
        takes=tuple(taken(document, operation)),
        answers=tuple(_answers(document, operation)),
        curl=" \\\n  ".join(_curl(path, method, operation)),
    )


def _answers(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Answer]:
    for status, answer in sorted(operation["responses"].items()):
        found = _resolved(document, answer)
        codes = tuple(found.get("x-codes", ()))
        yield Answer(status, "" if codes else found["description"], codes)


def _curl(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    verb = {"get": "", "head": "--head "}.get(method, f"-X {method.upper()} ")
    yield f'curl {verb}"{_BASE}{_path(path)}"'
    for choice in operation.get("security", [])[:1]:
        yield f'-H "Authorization: Bearer {_CREDENTIAL[next(iter(choice))]}"'
    names = {p.get("name") for p in operation.get("parameters", []) if isinstance(p, Mapping)}
    if "Idempotency-Key" in names:
        yield '-H "Idempotency-Key: $(uuidgen)"'
    if "Range" in names:
        yield "-H 'Range: bytes=0-1048575' --output package.zip"
    content = operation.get("requestBody", {}).get("content", {})
    if "application/pdf" in content:
        yield "-H 'Content-Type: application/pdf' --data-binary @document.pdf"
    body = content.get("application/json")
    if body:
        yield "-H 'Content-Type: application/json'"
        text = json.dumps(_BODIES[operation["operationId"]], ensure_ascii=False)
        yield f"-d '{text}'"


def _path(path: str) -> str:
    """Write ``{request_id}`` as the shell variable ``$REQUEST_ID``."""
    parts = path.split("/")
    return "/".join(f"${p[1:-1].upper()}" if p.startswith("{") else p for p in parts)


def _resolved(document: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in answer:
        return answer
    name = answer["$ref"].rpartition("/")[2]
    found: Mapping[str, Any] = document["components"]["responses"][name]
    return found


_WHO: Final = {"user_id": "u-1001", "email": "wei.zhang@example.com"}
_BODIES: Final[Mapping[str, Any]] = {
    "create_request": {"kind": "access", "subject": _WHO, "locale": "zh-CN"},
    "create_bundle": {
        "requests": [{"kind": "copy"}, {"kind": "deletion", "option": "anonymise"}],
        "subject": _WHO,
    },
    "supply_information": {
        "values": {"changes": [{"field": "shop.users.nickname", "value": "小伟"}]}
    },
    "start_verification": {"purpose": "request"},
    "answer_verification": {"code": "123456"},
    "give_proof": {
        "way": "known_facts",
        "values": {"shop.users.born": "1990-02-01", "shop.orders.number": "A-1001"},
    },
    "begin_network_identity": {"back": "https://shop.example.com/privacy/back"},
    "supply_authority": {"matters": ["access", "copy"], "until": "2027-06-30"},
    "delegate": {"assertion": "$ASSERTION"},
    "name_guardian": {"relation": "parent", "contact": {"email": "parent@example.com"}},
    "answer_as_guardian": {"confirmed": True, "code": "123456"},
    "record_arrangement": {
        "assertion": "$ASSERTION",
        "rules": {"*": {"*": "deny"}, "copy": {"spouse": "allow"}},
    },
    "read_arrangement": {"assertion": "$ASSERTION"},
    "ask_lookup": {"question": "counts"},
    "proceed_request": {"code": "123456", "assertion": "$ASSERTION"},
    "grant_download": {"code": "123456", "assertion": "$ASSERTION"},
    "record_consent": {"subject": _WHO, "purpose": "newsletter", "rule_version": "2026-10"},
    "read_consents": {"subject": _WHO},
    "withdraw_consent": {"subject": _WHO, "purposes": ["newsletter"]},
    "read_preference": {"subject": {"device_id": "d-77"}, "name": "personalised"},
    "opt_out": {"subject": {"device_id": "d-77"}, "name": "personalised"},
    "read_tags": {"subject": _WHO},
    "choose_tags": {
        "assertion": "$ASSERTION",
        "chosen": ["tea"],
        "removed": ["night-owl"],
    },
    "let_tags_come": {"assertion": "$ASSERTION"},
    "issue_portal_token": {"assertion": "$ASSERTION"},
    "send_key_code": {"locale": "zh-CN"},
    "remove_key": {"code": "123456"},
    "create_webhook": {
        "url": "https://shop.example.com/rights",
        "events": ["request.fulfilled", "package.ready"],
    },
    "change_webhook": {"events": ["request.fulfilled"]},
    "trigger_deletion": {"trigger": "service_ended", "subject": _WHO, "purposes": ["service"]},
    "lift_restriction": {"because": "争议已解决，限制的原因不再存在。", "on": "2026-12-31"},
    "write_message": {"text": "订单 88 已经取消，请一并删除。"},
    "make_appeal": {"text": "合同上周已经终止，不应再以此为由拒绝。"},
    "make_complaint": {
        "text": "我多次拒绝后仍收到广告短信。",
        "subject": {"email": "wei.zhang@example.com"},
    },
    "check_values": {"items": [{"field": "shop.users.nickname", "key": [1001], "value": "阿伟"}]},
    "check_tags": {
        "items": [
            {
                "type": "user_id",
                "value": "u-1000",
                "tag": "night-owl",
                "recorded_at": "2026-11-05T08:00:00Z",
            }
        ]
    },
    "check_suppression": {
        "items": [
            {
                "type": "email",
                "value": "wei.zhang@example.com",
                "recorded_at": "2026-01-05T08:00:00Z",
            }
        ]
    },
}
"""What each call with a body is shown with."""
