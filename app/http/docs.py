"""The front page: an interactive reference that works without any other server."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from importlib.resources import files
from string import Template
from typing import Annotated, Final

import orjson
from fastapi import Header, Request
from fastapi.responses import Response
from openapi_ui_bundles.swagger_ui import static_path

from app import __version__
from app.http.routing import router
from app.kit.errors import NotFound

routes = router()

_OURS: Final = files("app.http").joinpath("page")
_MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
}
_BUNDLED: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")
_OWN: Final = ("index.css", "start.js")
# Swagger UI writes style attributes; scripts come from this server alone.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class FrontPage:
    """The page and its parts, read when somebody first asks."""

    origin: str
    demo: bool

    @cached_property
    def assets(self) -> Mapping[str, bytes]:
        """The page's parts by name."""
        bundled = {name: (static_path / name).read_bytes() for name in _BUNDLED}
        return bundled | {name: _OURS.joinpath(name).read_bytes() for name in _OWN}

    @cached_property
    def version(self) -> str:
        """What changes with any part, so that parts are kept for ever."""
        digest = hashlib.sha256()
        for name, data in sorted(self.assets.items()):
            digest.update(name.encode() + data)
        return digest.hexdigest()[:12]

    @cached_property
    def html(self) -> str:
        """The page itself."""
        demo = _OURS.joinpath("demo.html").read_text("utf-8") if self.demo else ""
        return Template(_OURS.joinpath("index.html").read_text("utf-8")).substitute(
            assets=f"/docs/assets/{self.version}",
            demo=demo,
            origin=escape(self.origin),
            version=__version__,
        )


_INDEX: Final = {
    "name": "TanYin 碳因",
    "version": __version__,
    "links": {
        "reference": "/docs",
        "description": "/openapi.json",
        "factors": "/v1/factors",
        "calculations": "/v1/calculations",
        "health": "/healthz",
        "readiness": "/readyz",
        "metrics": "/metrics",
    },
}


@routes.get("/", include_in_schema=False)
async def get_index(
    request: Request, accept: Annotated[str, Header()] = ""
) -> Response:
    """Return the page to a browser, and links to other clients."""
    vary = {"Vary": "Accept"}
    if "text/html" in accept:
        return _html(_page(request), vary)
    return _json(_INDEX, vary)


@routes.get("/docs", include_in_schema=False)
async def get_page(request: Request) -> Response:
    """Return the page."""
    return _html(_page(request), {})


@routes.get("/docs/assets/{version}/{name}", include_in_schema=False)
async def get_asset(request: Request, version: str, name: str) -> Response:
    """Return one part of the page."""
    page = _page(request)
    if version != page.version or name not in page.assets:
        raise NotFound
    return Response(
        page.assets[name],
        media_type=_MEDIA_TYPES[name.rpartition(".")[2]],
        headers={"Cache-Control": _FOR_EVER},
    )


@routes.get("/openapi.json", include_in_schema=False)
async def get_description(request: Request) -> Response:
    """Return the description of the interface."""
    return _json(request.app.openapi(), {})


def _page(request: Request) -> FrontPage:
    page: FrontPage = request.app.state.page
    return page


def _html(page: FrontPage, headers: dict[str, str]) -> Response:
    headers |= {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
    return Response(page.html, media_type="text/html; charset=utf-8", headers=headers)


def _json(document: object, headers: dict[str, str]) -> Response:
    data = orjson.dumps(document)
    return Response(data, media_type="application/json", headers=headers)
