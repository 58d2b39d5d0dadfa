"""Citations as they stand in the content of a factor version."""

from typing import Annotated

from pydantic import Field

from app.kit.schemas import BilingualName, Name, Schema, Text

Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Citation(Schema):
    """The document that states a figure, and the place in it."""

    title: Text
    publisher: BilingualName
    document_number: Name | None
    date: Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")] | None
    """Date of publication, as exactly as it is known."""
    locator: Text | None
    """Page, table, annex or record."""
    url: Text | None
    evidence_sha256: Sha256Hex | None
