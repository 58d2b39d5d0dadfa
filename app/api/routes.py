"""Assembles /v1: one line per domain."""

from fastapi import APIRouter

api = APIRouter(prefix="/v1")
