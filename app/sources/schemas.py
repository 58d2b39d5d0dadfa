"""Citations as they stand in the content of a factor version."""

from typing import Annotated

from pydantic import Field

from app.kit.schemas import BilingualName, Name, Schema, Text

Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Citation(Schema):
    """The document that states a figure, and the place in it."""

    title: Text
    publisher: BilingualName
    document_number: Name | None = None
    date: (
        Annotated[
            str,
            Field(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"),
        ]
        | None
    ) = None
    """Date of publication, as exactly as it is known."""
    locator: Text | None = None
    """Page, table, annex or record."""
    url: Text | None = None
    evidence_sha256: Sha256Hex | None = None


class EvidenceRead(Schema):
    """What is known of a document."""

    sha256: Sha256Hex
    size: int
    media_type: str
    """As it was stated; the document itself is always sent as mere bytes."""
    name: str
    received_at: str
