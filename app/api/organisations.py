"""Organisations and their members."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.accounts import keys, organisations
from app.accounts.organisations import read_member, read_organisation
from app.accounts.schemas import (
    MemberDraft,
    MemberPage,
    MemberPatch,
    MemberRead,
    OrganisationCreated,
    OrganisationDraft,
    OrganisationPatch,
    OrganisationRead,
)
from app.factors.schemas import PageQuery
from app.http.bodies import JsonBody
from app.http.dependencies import (
    AnsweredOnce,
    KnownCaller,
    ManagerTrail,
    ReadSession,
)
from app.http.findings import query_pointer
from app.http.problems import problem_responses
from app.http.routing import router
from app.kit.errors import Conflict, Forbidden, NotFound

routes = router("organisations")

OrganisationId = Annotated[
    str, Path(alias="id", max_length=40, examples=["org_0123456789abcdef"])
]
PersonId = Annotated[
    str, Path(alias="person", max_length=40, examples=["p_0123456789abcdef"])
]


@routes.post(
    "/organisations",
    status_code=201,
    dependencies=[AnsweredOnce],
    responses=problem_responses(Forbidden, Conflict),
)
async def create_organisation(
    draft: JsonBody[OrganisationDraft], trail: ManagerTrail, response: Response
) -> OrganisationCreated:
    """Create an organisation with its first manager, as an administrator.

    The manager's key is answered this once, so no Idempotency-Key is taken. Managers
    add the other members.
    """
    made = await organisations.create_organisation(trail, draft)
    manager = await organisations.admit(trail, made, draft.manager, is_manager=True)
    key, text = keys.issue_key(trail, manager.id)
    response.headers["Location"] = f"/v1/organisations/{made.id}"
    return OrganisationCreated(
        organisation=read_organisation(made),
        manager=read_member(manager, trail.actor),
        key=keys.read_new_key(key, text),
    )


@routes.get("/organisations/{id}", responses=problem_responses(Forbidden, NotFound))
async def get_organisation(
    organisation_id: OrganisationId, caller: KnownCaller, session: ReadSession
) -> OrganisationRead:
    """Read one's own organisation; administrators and auditors read any."""
    found = await organisations.get_organisation(session, organisation_id, caller)
    return read_organisation(found)


@routes.patch(
    "/organisations/{id}",
    responses=problem_responses(Forbidden, NotFound, Conflict),
)
async def change_organisation(
    organisation_id: OrganisationId,
    patch: JsonBody[OrganisationPatch],
    trail: ManagerTrail,
) -> OrganisationRead:
    """Change the roles of an organisation, suspend or reinstate it.

    For administrators. While it is suspended, the keys of its members open nothing. A
    role that members have cannot be taken away.
    """
    changed = await organisations.change_organisation(trail, organisation_id, patch)
    return read_organisation(changed)


@routes.get(
    "/organisations/{id}/members", responses=problem_responses(Forbidden, NotFound)
)
async def list_members(
    organisation_id: OrganisationId,
    caller: KnownCaller,
    session: ReadSession,
    query: Annotated[PageQuery, Query()],
) -> MemberPage:
    """List the members of an organisation, those who left among them."""
    found = await organisations.get_organisation(session, organisation_id, caller)
    page = await organisations.list_members(
        session,
        found,
        limit=query.limit,
        cursor=query.cursor,
        pointer=query_pointer("cursor"),
    )
    items = tuple(read_member(person, caller) for person in page.people)
    return MemberPage(items=items, next_cursor=page.next_cursor)


@routes.post(
    "/organisations/{id}/members",
    status_code=201,
    responses=problem_responses(Forbidden, NotFound),
)
async def add_member(
    organisation_id: OrganisationId,
    draft: JsonBody[MemberDraft],
    trail: ManagerTrail,
) -> MemberRead:
    """Add a member, as a manager of the organisation.

    `POST /v1/keys` with their `person` makes their first key.
    """
    member = await organisations.add_member(trail, organisation_id, draft)
    return read_member(member, trail.actor)


@routes.patch(
    "/organisations/{id}/members/{person}",
    responses=problem_responses(Forbidden, NotFound, Conflict),
)
async def change_member(
    organisation_id: OrganisationId,
    person_id: PersonId,
    patch: JsonBody[MemberPatch],
    trail: ManagerTrail,
) -> MemberRead:
    """Change what a member is, as a manager of the organisation.

    It takes effect at once, also for requests of the member that are running. Nobody
    changes their own role, and the last manager stays.
    """
    member = await organisations.change_member(trail, organisation_id, person_id, patch)
    return read_member(member, trail.actor)
