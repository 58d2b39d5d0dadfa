"""Assembles /v1: one line per domain."""

from fastapi import APIRouter

from app.api import (
    acts,
    audit,
    calculation_stream,
    calculations,
    desk,
    evidence,
    factors,
    keys,
    log,
    notices,
    organisations,
    pins,
    provenance,
    receipts,
    reference,
    releases,
    resolutions,
    series,
    spreadsheets,
    stored_calculations,
    submissions,
    workflow,
)

api = APIRouter(prefix="/v1")
api.include_router(calculations.routes)
api.include_router(calculation_stream.routes)
api.include_router(receipts.routes)
api.include_router(stored_calculations.routes)
api.include_router(factors.routes)
api.include_router(resolutions.routes)
api.include_router(provenance.routes)
api.include_router(pins.routes)
api.include_router(series.routes)
api.include_router(reference.routes)
api.include_router(organisations.routes)
api.include_router(keys.routes)
api.include_router(evidence.routes)
# Before the submissions, whose ids would take its addresses.
api.include_router(spreadsheets.routes)
api.include_router(submissions.routes)
api.include_router(workflow.routes)
api.include_router(notices.routes)
api.include_router(acts.routes)
api.include_router(releases.routes)
api.include_router(audit.routes)
api.include_router(log.routes)
api.include_router(desk.routes)
