"""Spreadsheets: the template, and a draft from a filled one."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, Final, Literal

from fastapi import Depends, Query, Request, Response

from app.accounts import service as accounts
from app.api.submissions import answer
from app.audit.service import Trail
from app.http.bodies import stream_body
from app.http.dependencies import ActorTrail, KeyHolder
from app.http.idempotency import note_body
from app.http.problems import problem_responses
from app.http.routing import router
from app.interchange import spreadsheets
from app.interchange.headers import Headers
from app.interchange.spreadsheets import (
    CSV_MEDIA_TYPE,
    XLSX_MEDIA_TYPE,
    CellFinding,
    ReadRow,
    Severity,
    Verdict,
)
from app.kit.errors import Findings, Forbidden, Invalid, TooLarge, UnsupportedMedia
from app.kit.schemas import Flag, Name, Schema
from app.submissions import checking, drafts
from app.submissions.models import Submission
from app.submissions.requests import ItemDraft
from app.submissions.schemas import Report, SubmissionRead
from app.submissions.validation.facts import ItemType

routes = router("spreadsheets")

FILE_BYTES: Final = 32 * 1024 * 1024
_IN_MEMORY: Final = 1024 * 1024
_BLOCK: Final = 250
_SHOWN: Final = 1_000
_PER_ROW: Final = 20
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}


class CellRefused(Invalid):
    """A finding at a cell, under its own code."""

    en = "{place}: {en}"
    zh = "{place}:{zh}"


class SheetFinding(Schema):
    """A finding at a cell, by the reader of the file or by an automatic check."""

    sheet: str
    row: int
    column: str
    """The letters of the column; empty where the file has no such column."""
    header: str
    severity: Literal["ERROR", "BLOCK", "WARNING", "WARN", "INFO"]
    code: str
    zh: str
    en: str


class SheetReport(Schema):
    """What was read, and the draft that was made of it unless only checked."""

    rows: int
    refused: int
    findings: tuple[SheetFinding, ...]
    """The first 1,000."""
    submission: SubmissionRead | None


@dataclass(slots=True)
class _Upload:
    """A file that has arrived whole."""

    file: BinaryIO
    media_type: str


@dataclass(slots=True)
class _Outcome:
    """What has come of the rows so far; `places` has the row of each item."""

    rows: int = 0
    refused: int = 0
    places: list[tuple[str, int]] = field(default_factory=list)
    headers: dict[str, Headers] = field(default_factory=dict)
    findings: list[SheetFinding] = field(default_factory=list)
    errors: list[SheetFinding] = field(default_factory=list)
    verdicts: dict[tuple[str, int], list[Verdict]] = field(default_factory=dict)


async def _receive(request: Request, holder: KeyHolder) -> AsyncIterator[_Upload]:
    """Yield the body in a temporary file; no session is open meanwhile."""
    accounts.require_scope(holder.scopes, "WRITE")
    digest = hashlib.sha256()
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        async for part in stream_body(request, FILE_BYTES):
            digest.update(part)
            file.write(part)
        note_body(request.scope, digest.digest())
        file.seek(0)
        media_type = request.headers.get("content-type", "")
        yield _Upload(file, media_type)  # type: ignore[arg-type]


Upload = Annotated[_Upload, Depends(_receive, scope="function")]


@routes.get(
    "/submissions/template.xlsx",
    response_class=Response,
    responses={200: {"content": {XLSX_MEDIA_TYPE: _BINARY}}},
)
async def get_template() -> Response:
    """Fetch the workbook to fill in: bilingual headers, lists, an example."""
    data = await asyncio.to_thread(spreadsheets.template)
    return _workbook(data, "tanyin-submission-template.xlsx")


@routes.post(
    "/submissions/spreadsheets",
    status_code=201,
    response_model=SheetReport,
    responses={
        **problem_responses(Forbidden, TooLarge, UnsupportedMedia),
        200: {
            "description": "Checked only, or the report as a workbook",
            "model": SheetReport,
            "content": {XLSX_MEDIA_TYPE: _BINARY},
        },
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {XLSX_MEDIA_TYPE: _BINARY, CSV_MEDIA_TYPE: _BINARY},
        }
    },
)
async def upload_spreadsheet(
    upload: Upload,
    trail: ActorTrail,
    response: Response,
    *,
    title: Annotated[Name | None, Query(description="Of the draft.")] = None,
    check: Annotated[
        Flag, Query(description="Report on the file; store nothing.")
    ] = False,
    report: Annotated[
        Literal["json", "xlsx"],
        Query(description="xlsx: the same rows with two more columns; stores nothing."),
    ] = "json",
) -> SheetReport | Response:
    """Make a draft of a filled spreadsheet, up to 20,000 rows, in one step.

    A file with errors in cells makes no draft: each is named with sheet, row and
    column, what is wrong and what would be right.
    """
    only_look = check or report == "xlsx"
    trial = await trail.session.begin_nested()
    outcome, submission = await _store(upload, trail, title)
    if outcome.refused and not only_look:
        raise Findings([_refusal(each) for each in outcome.errors])
    checked = await checking.report(trail, submission)
    submission.report = checked.model_dump(mode="json")
    _add_report(outcome, checked)
    if only_look:
        await trial.rollback()
        response.status_code = 200
        if report == "xlsx":
            return await _annotated(upload, outcome)
        return _answer(outcome, None)
    await trial.commit()
    response.headers["Location"] = f"/v1/submissions/{submission.id}"
    return _answer(outcome, await answer(trail, submission, response))


async def _store(
    upload: Upload, trail: Trail, title: str | None
) -> tuple[_Outcome, Submission]:
    """Read the rows block by block, storing those that are sound."""
    reading = await asyncio.to_thread(spreadsheets.read, upload.file, upload.media_type)
    outcome = _Outcome()
    for each in reading.findings:
        _note(outcome, each)
    rows = iter(reading)
    submission = drafts.begin(trail, title)
    while block := await asyncio.to_thread(lambda: list(islice(rows, _BLOCK))):
        items = list(_items(outcome, block))
        if items:
            await drafts.extend(trail.session, submission, items)
    await drafts.finish(trail, submission)
    return outcome, submission


def _items(outcome: _Outcome, block: list[ReadRow]) -> Iterator[ItemDraft]:
    for row in block:
        outcome.rows += 1
        for each in row.findings:
            _note(outcome, each)
        if row.refused:
            outcome.refused += 1
            continue
        item_type = ItemType(row.type)
        outcome.places.append((row.sheet, row.number))
        outcome.headers[row.sheet] = row.headers
        yield ItemDraft(
            type=item_type,
            factor=row.factor,
            content=row.content,
            reason=row.reason if item_type is ItemType.RETIREMENT else None,
        )


def _note(outcome: _Outcome, found: CellFinding) -> None:
    shown = SheetFinding(
        sheet=found.sheet,
        row=found.row,
        column=found.column,
        header=found.header,
        severity=found.severity.value,
        code=found.code,
        zh=found.detail("zh"),
        en=found.detail("en"),
    )
    _add(outcome, shown, found.verdict("zh"))


def _add_report(outcome: _Outcome, report: Report) -> None:
    for each in report.findings:
        sheet, row = outcome.places[each.item - 1]
        pointer = each.pointer.removeprefix(f"/items/{each.item}/content")
        key = spreadsheets.column_of_pointer(pointer) or ""
        found = SheetFinding(
            sheet=sheet,
            row=row,
            column=outcome.headers[sheet].letter(key) if key else "",
            header=key,
            severity=each.severity,
            code=each.rule,
            zh=each.zh,
            en=each.en,
        )
        _add(outcome, found, Verdict(_WORKBOOK[each.severity], each.zh))


def _add(outcome: _Outcome, found: SheetFinding, verdict: Verdict) -> None:
    """Keep a finding, as far as anybody will read."""
    verdicts = outcome.verdicts.setdefault((found.sheet, found.row), [])
    if len(verdicts) < _PER_ROW:
        verdicts.append(verdict)
    if len(outcome.findings) < _SHOWN:
        outcome.findings.append(found)
    # However many warnings come first, a refusal names its errors.
    if found.severity == "ERROR" and len(outcome.errors) < _SHOWN:
        outcome.errors.append(found)


_WORKBOOK: Final = {
    "BLOCK": Severity.ERROR,
    "WARN": Severity.WARNING,
    "INFO": Severity.INFO,
}


def _refusal(found: SheetFinding) -> Invalid:
    place = f"{found.sheet}!{found.column}{found.row} {found.header}".strip()
    error = CellRefused(
        pointer=f"/sheets/{found.sheet}/rows/{found.row}/columns/{found.column}",
        place=place,
        en=found.en,
        zh=found.zh,
    )
    error.code = found.code  # type: ignore[misc] # the finding's own
    return error


def _answer(outcome: _Outcome, submission: SubmissionRead | None) -> SheetReport:
    return SheetReport(
        rows=outcome.rows,
        refused=outcome.refused,
        findings=tuple(outcome.findings),
        submission=submission,
    )


async def _annotated(upload: Upload, outcome: _Outcome) -> Response:
    upload.file.seek(0)
    data = await asyncio.to_thread(
        spreadsheets.report, upload.file, upload.media_type, outcome.verdicts, "zh"
    )
    return _workbook(data, "tanyin-submission-report.xlsx")


def _workbook(data: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, headers=headers, media_type=XLSX_MEDIA_TYPE)
