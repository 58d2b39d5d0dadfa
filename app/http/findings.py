"""What is wrong with parameters of the query, the path and the headers."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.kit.errors import Findings, Invalid
from app.kit.validation import BadType, BadValue, NotOneOf


class UnknownParameter(Invalid):
    en = "This address has no such parameter."
    zh = "该地址没有此参数。"


class RepeatedParameter(Invalid):
    en = "A parameter is given once."
    zh = "参数只能出现一次。"


class MissingParameter(Invalid):
    en = "This parameter is required."
    zh = "缺少必需的参数。"


class OutOfRange(BadValue):
    code = "BAD_VALUE"
    en = "The value must be {bound}."
    zh = "值必须{bound}。"


class WrongLength(BadValue):
    code = "BAD_VALUE"
    en = "The value must have {bound} characters."
    zh = "值的长度必须{bound}个字符。"


class WrongForm(BadValue):
    code = "BAD_VALUE"
    en = "The value does not match {pattern}."
    zh = "值不符合格式 {pattern}。"


_EXPECTED: Final[Mapping[str, str]] = {
    "string": "string",
    "int": "integer",
    "float": "number",
    "bool": "true or false",
    "date": "day such as 2026-01-31",
    "decimal": "decimal",
}
_BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    "greater_than_equal": ("≥", "ge"),
    "greater_than": (">", "gt"),
    "less_than_equal": ("≤", "le"),
    "less_than": ("<", "lt"),
}
_LENGTHS: Final[Mapping[str, tuple[str, str]]] = {
    "string_too_short": ("≥", "min_length"),
    "string_too_long": ("≤", "max_length"),
}
_PLACES: Final[Mapping[str, str]] = {
    "query": "?{}",
    "path": "{{{}}}",
    "header": "header {}",
}


def parameter_findings(details: Iterable[Mapping[str, Any]]) -> Findings:
    """Return FastAPI's validation errors as findings with their places."""
    return Findings([_finding(detail) for detail in details])


def query_pointer(name: str) -> str:
    """Return where the query parameter *name* stands."""
    return _PLACES["query"].format(name)


def _finding(detail: Mapping[str, Any]) -> Invalid:
    place, *path = detail["loc"]
    where = _PLACES.get(place, "/{}").format(path[0] if path else "")
    kind, context = detail["type"], detail.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, Invalid):
        cause.pointer = where
        return cause
    if kind == "missing":
        return MissingParameter(pointer=where)
    if kind == "extra_forbidden":
        return UnknownParameter(pointer=where)
    return _bad_value(kind, context, where) or BadValue(
        pointer=where, reason=detail["msg"]
    )


def _bad_value(kind: str, context: Mapping[str, Any], where: str) -> Invalid | None:
    if kind in {"enum", "literal_error"}:
        return NotOneOf(pointer=where, expected=context["expected"])
    if kind == "string_pattern_mismatch":
        return WrongForm(pointer=where, pattern=context["pattern"])
    if kind in _BOUNDS:
        sign, name = _BOUNDS[kind]
        return OutOfRange(pointer=where, bound=f"{sign} {context[name]}")
    if kind in _LENGTHS:
        sign, name = _LENGTHS[kind]
        return WrongLength(pointer=where, bound=f"{sign} {context[name]}")
    expected = _EXPECTED.get(kind.partition("_")[0])
    return BadType(pointer=where, expected=expected) if expected else None
