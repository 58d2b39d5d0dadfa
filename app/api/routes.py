"""Assembles /v1: one line per domain."""

from fastapi import APIRouter

from app.api import calculations

api = APIRouter(prefix="/v1")
api.include_router(calculations.routes)
