"""A JSON reader that refuses what common parsers let through.

Duplicate keys, NaN and infinities, byte-order marks, lone surrogates, other encodings
than UTF-8 and deep nesting are errors, each with its own code.
"""

import json
import re
from typing import Any, Final, NoReturn

from app.kit.errors import Malformed

MAX_DEPTH: Final = 32
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class MalformedJson(Malformed):
    en = "The body is not one JSON document."
    zh = "请求体不是一个有效的 JSON 文档。"


class DuplicateKey(Malformed):
    en = "An object of the body holds the same key twice."
    zh = "请求体中的对象含有重复的键。"


class BadEncoding(Malformed):
    en = "The body is not UTF-8 without byte-order mark, or holds a lone surrogate."
    zh = "请求体不是无字节序标记的 UTF-8,或含有孤立的代理项。"


class TooDeep(Malformed):
    en = "The body is nested deeper than {limit} levels."
    zh = "请求体嵌套超过 {limit} 层。"


def loads(data: bytes) -> Any:  # noqa: ANN401 - any JSON document
    """Return the document in *data*, or refuse it."""
    text = _decode(data)
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except RecursionError as error:
        raise TooDeep(limit=MAX_DEPTH) from error
    except ValueError as error:
        raise MalformedJson from error
    _check_depth(document)
    if "\\ud" in text.lower():
        _check_surrogates(document)
    return document


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadEncoding from error
    if text.startswith("\ufeff"):
        raise BadEncoding
    return text


def _check_depth(document: Any) -> None:  # noqa: ANN401 - any JSON document
    values = [document]
    for _ in range(MAX_DEPTH + 1):
        containers = [each for each in values if isinstance(each, (dict, list))]
        if not containers:
            return
        values = [
            value
            for each in containers
            for value in (each.values() if isinstance(each, dict) else each)
        ]
    raise TooDeep(limit=MAX_DEPTH)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateKey
    return members


def _constant(_: str) -> NoReturn:
    raise MalformedJson


def _check_surrogates(document: Any) -> None:  # noqa: ANN401 - any JSON document
    if _SURROGATE.search(json.dumps(document, ensure_ascii=False)):
        raise BadEncoding
