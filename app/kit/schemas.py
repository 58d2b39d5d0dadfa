"""The base of every document that crosses an edge."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    with_config,
)
from pydantic_core import PydanticCustomError

from app.kit.decimals import DECIMAL_PATTERN, parse_decimal
from app.kit.errors import Invalid

NAME_LENGTH = 200
TEXT_LENGTH = 2_000
# Categories that no factor text needs and that hide what a reader sees: control,
# format (bidi overrides, zero-width, tags), surrogate, private use, unassigned.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


document: Final = with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
"""Makes a typed dictionary of what is answered: described field by field, no other."""


class Schema(BaseModel):
    """Frozen; unknown fields are refused; nothing is coerced."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        # What is answered holds every field, also where a request may leave it out.
        json_schema_serialization_defaults_required=True,
    )


class BadText(Invalid):
    en = (
        "The text is blank, not in Unicode normal form C, or holds control, hidden or "
        "unassigned characters."
    )
    zh = "文本为空白、不是 Unicode 规范化形式 C,或含有控制、不可见或未分配字符。"


def check_text(text: str, pointer: str | None = None) -> None:
    """Refuse text that does not look like what it is."""
    if text.strip() and text.isascii() and text.isprintable():
        return
    hidden = any(unicodedata.category(character) in _HIDDEN for character in text)
    if hidden or not text.strip() or not unicodedata.is_normalized("NFC", text):
        raise BadText(pointer=pointer)


def are_texts(texts: Sequence[str]) -> bool:
    """Tell whether `check_text` lets each of *texts* pass."""
    if not all(map(str.strip, texts)):
        return False
    # A blank composes with nothing and is not hidden, so one look serves all.
    joined = " ".join(texts)
    if joined.isascii():
        return joined.isprintable()
    hidden = any(
        unicodedata.category(character) in _HIDDEN for character in set(joined)
    )
    return not hidden and unicodedata.is_normalized("NFC", joined)


def checked(check: Callable[[str], object]) -> AfterValidator:
    """Return the validator that lets *check* look at a text.

    Pydantic collects what *check* raises; `validation.findings` gives it back.
    """

    def validate(text: str) -> str:
        try:
            check(text)
        except Invalid as error:
            raise refusal(error) from error
        return text

    return AfterValidator(validate)


def refusal(error: Invalid) -> PydanticCustomError:
    """Return *error* in a form that Pydantic collects."""
    return PydanticCustomError(
        "refused", "{text}", {"text": str(error), "error": error}
    )


class BadFlag(Invalid):
    code = "BAD_TYPE"
    en = "Write true or false."
    zh = "只能写 true 或 false。"


def _flag(value: object) -> object:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise refusal(BadFlag())


class BadDay(Invalid):
    en = "A day reads YYYY-MM-DD and stands in the calendar."
    zh = "日期格式为 YYYY-MM-DD,且须为有效日期。"


def check_day(text: str, pointer: str | None = None) -> None:
    """Refuse a text that is no day."""
    if not _DAY.match(text):
        raise BadDay(pointer=pointer)
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        raise BadDay(pointer=pointer) from None


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
Day = Annotated[
    str,
    Field(json_schema_extra={"format": "date"}, examples=["2025-01-17"]),
    checked(check_day),
]
"""A day in Asia/Shanghai."""
Flag = Annotated[bool, BeforeValidator(_flag)]
"""A boolean of a query: `true` or `false` and no other spelling."""
Name = Annotated[str, Field(max_length=NAME_LENGTH), checked(check_text)]
Text = Annotated[str, Field(max_length=TEXT_LENGTH), checked(check_text)]
DecimalText = Annotated[
    str,
    Field(json_schema_extra={"pattern": DECIMAL_PATTERN}, examples=["0.6205"]),
    checked(parse_decimal),
]


class BilingualName(Schema):
    """A name in Chinese and in English."""

    zh: Name
    en: Name
