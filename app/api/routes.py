"""Assembles /v1: one line per domain."""

from fastapi import APIRouter

from app.api import calculations, factors, reference, series

api = APIRouter(prefix="/v1")
api.include_router(calculations.routes)
api.include_router(factors.routes)
api.include_router(series.routes)
api.include_router(reference.routes)
