"""The base of every document that crosses an edge."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.kit.decimals import DECIMAL_PATTERN, is_decimal

NAME_LENGTH = 200
TEXT_LENGTH = 2_000
# Categories that no factor text needs and that hide what a reader sees: control,
# format (bidi overrides, zero-width, tags), surrogate, private use, unassigned.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


class Schema(BaseModel):
    """Frozen; unknown fields are refused; nothing is coerced."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


def _visible(text: str) -> str:
    if any(unicodedata.category(character) in _HIDDEN for character in text):
        raise ValueError("text holds control, hidden or unassigned characters")
    if not text.strip() or not unicodedata.is_normalized("NFC", text):
        raise ValueError("text is blank or not in Unicode normal form C")
    return text


def _decimal(text: str) -> str:
    if not is_decimal(text):
        raise ValueError("not a decimal string of the wire")
    return text


Name = Annotated[str, Field(max_length=NAME_LENGTH), AfterValidator(_visible)]
Text = Annotated[str, Field(max_length=TEXT_LENGTH), AfterValidator(_visible)]
DecimalText = Annotated[
    str,
    Field(json_schema_extra={"pattern": DECIMAL_PATTERN}, examples=["0.6205"]),
    AfterValidator(_decimal),
]


class BilingualName(Schema):
    """A name in Chinese and in English."""

    zh: Name
    en: Name
