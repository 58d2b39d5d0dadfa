"""The same factor over the years."""

from typing import Annotated

from fastapi import Path

from app.factors import series
from app.factors.schemas import SeriesRead
from app.http.dependencies import ReadSession, Snapshot
from app.http.problems import problem_responses
from app.http.routing import router
from app.kit.errors import NotFound

routes = router("series")


@routes.get("/series/{id}", responses=problem_responses(NotFound))
async def get_series(
    series_id: Annotated[
        str,
        Path(
            alias="id",
            max_length=100,
            description="The `series` of a factor.",
            examples=["0f3a5c7e91b2d4f6"],
        ),
    ],
    session: ReadSession,
    snapshot: Snapshot,
) -> SeriesRead:
    """Read a series: the factors that differ only by reference year.

    The value of a year stays right for that year when a newer one appears. Changes are
    exact differences, rounded to 12 significant digits.
    """
    return await series.get_series(session, series_id, snapshot)
