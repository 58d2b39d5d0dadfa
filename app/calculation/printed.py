"""What every document of an answer is made with: numbers as printed, texts in two
languages."""

from typing import Annotated, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from app.kit.schemas import document

Computed: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$",
        description="At most 12 significant digits, half-even, plain notation.",
        examples=["869.565217391"],
    ),
]


@document
class Bilingual(TypedDict):
    """A text in Chinese and in English."""

    zh: str
    en: str
