"""From Pydantic's validation errors to findings with pointers into the document."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.kit.errors import MOST_FINDINGS, Findings, Invalid


class UnknownField(Invalid):
    en = "There is no such field."
    zh = "不存在此字段。"


class MissingField(Invalid):
    en = "This field is required."
    zh = "缺少必填字段。"


class BadType(Invalid):
    en = "The value has the wrong type; expected: {expected}."
    zh = "值的类型不正确,应为:{expected_zh}。"

    def __init__(self, *, expected: str, pointer: str | None = None) -> None:
        chinese = _IN_CHINESE.get(expected, expected)
        super().__init__(pointer=pointer, expected=expected, expected_zh=chinese)


class BadValue(Invalid):
    en = "The value is not allowed: {reason}."
    zh = "值不符合要求:{reason}。"


class NotOneOf(BadValue):
    code = "BAD_VALUE"
    en = "The value is not one of {expected}."
    zh = "值不在允许范围内:{expected_zh}。"

    def __init__(self, *, expected: str, pointer: str | None = None) -> None:
        chinese = expected.replace(" or ", "、").replace(", ", "、")
        super().__init__(pointer=pointer, expected=expected, expected_zh=chinese)


class BadLength(BadValue):
    code = "BAD_VALUE"
    en = "The value is too short or too long; the limit is {limit}."
    zh = "值过短或过长,限值为 {limit}。"


_IN_CHINESE: Final[Mapping[str, str]] = {
    "string": "字符串",
    "integer": "整数",
    "number": "数字",
    "boolean": "布尔值",
    "object": "对象",
    "array": "数组",
    "true or false": "true 或 false",
    "decimal": "十进制数",
    "day such as 2026-01-31": "日期,例如 2026-01-31",
}
_TYPES: Final[Mapping[str, str]] = {
    "string_type": "string",
    "int_type": "integer",
    "float_type": "number",
    "bool_type": "boolean",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
    "list_type": "array",
    "tuple_type": "array",
}


def findings(error: ValidationError, document: object) -> Findings:
    """Return what *error* found in *document*, each with its pointer, the first ones.

    More than that nobody reads, and to tell of them would take a tenth of a second.
    """
    details = error.errors(include_url=False, include_input=False)[:MOST_FINDINGS]
    found = [_finding(detail, document) for detail in details]
    return Findings(found, error.error_count())


def pointer(path: Sequence[str | int]) -> str:
    """Return the RFC 6901 pointer of *path*."""
    return "".join(
        "/" + str(step).replace("~", "~0").replace("/", "~1") for step in path
    )


def _finding(detail: ErrorDetails, document: object) -> Invalid:
    cause = detail.get("ctx", {}).get("error")
    where = pointer(_path(detail["loc"], document))
    if isinstance(cause, Invalid):
        cause.pointer = where + (cause.pointer or "")
        return cause
    if detail["type"].startswith("union_tag"):
        return _tag_finding(detail, where)
    return _shape_finding(detail, where)


def _shape_finding(detail: ErrorDetails, where: str) -> Invalid:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return UnknownField(pointer=where)
    if kind == "missing":
        return MissingField(pointer=where)
    if kind in _TYPES:
        return BadType(pointer=where, expected=_TYPES[kind])
    if kind in ("literal_error", "enum"):
        return NotOneOf(pointer=where, expected=detail["ctx"]["expected"])
    if kind.endswith(("too_long", "too_short")):
        context = detail["ctx"]
        limit = context.get("min_length", context.get("max_length"))
        return BadLength(pointer=where, limit=limit)
    return BadValue(pointer=where, reason=detail["msg"])


def _tag_finding(detail: ErrorDetails, where: str) -> Invalid:
    """Tell of the field that says which branch of a union is meant."""
    context = detail["ctx"]
    where += "/" + context["discriminator"].strip("'")
    if detail["type"] == "union_tag_not_found":
        return MissingField(pointer=where)
    return NotOneOf(pointer=where, expected=context["expected_tags"])


def _path(location: Sequence[str | int], document: object) -> list[str | int]:
    """Return *location* without union branches, whose names Pydantic mixes in."""
    path: list[str | int] = []
    node: Any = document
    last = len(location) - 1
    for number, step in enumerate(location):
        if _has(node, step):
            node = node[step]
        elif number < last or not isinstance(node, dict):
            continue
        path.append(step)
    return path


def _has(node: object, step: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(step, int) and step < len(node)
    return isinstance(node, dict) and step in node
