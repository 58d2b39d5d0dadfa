"""In which form a result is answered: JSON, or a file for a spreadsheet program."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import msgspec
from fastapi import Request

from app.calculation.working import Form
from app.interchange import results
from app.interchange.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE

FormName: TypeAlias = Literal["json", "csv", "xlsx"]


@dataclass(frozen=True, slots=True)
class ResultForm:
    """A media type, and what writes it."""

    media_type: str
    write: Form
    headers: Mapping[str, str]


def _file(media_type: str, write: Form, name: str) -> ResultForm:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return ResultForm(media_type, write, disposition)


JSON: Final = ResultForm("application/json", msgspec.json.encode, MappingProxyType({}))
_FORMS: Final[Mapping[str, ResultForm]] = {
    "json": JSON,
    "csv": _file(CSV_MEDIA_TYPE, results.as_csv, "tanyin-result.csv"),
    "xlsx": _file(XLSX_MEDIA_TYPE, results.as_xlsx, "tanyin-result.xlsx"),
}
FILES: Final[dict[str, Any]] = {
    CSV_MEDIA_TYPE: {"schema": {"type": "string"}},
    XLSX_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
}


def form_of(request: Request, name: FormName | None) -> ResultForm:
    """Return the form called *name*, else the first that Accept names, else JSON."""
    if name is not None:
        return _FORMS[name]
    accepted = request.headers.get("accept", "")
    for each in accepted.split(","):
        wanted = each.partition(";")[0].strip().lower()
        for form in _FORMS.values():
            if wanted == form.media_type:
                return form
    return JSON
