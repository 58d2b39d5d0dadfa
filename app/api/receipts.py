"""Receipts of calculations: telling whether one holds."""

import asyncio

from fastapi import Request

from app.calculation import verifying
from app.calculation.documents import Receipt
from app.calculation.reading import Document
from app.calculation.request import CalculationRequest
from app.calculation.verifying import Evidence, ReceiptVerdict
from app.http.bodies import JsonBody
from app.http.routing import router
from app.http.services import services_of
from app.kit.schemas import Schema
from app.translog import keys

routes = router("calculations")


class ReceiptQuestion(Schema):
    """A receipt as it was answered, and perhaps the request that it is for."""

    receipt: Receipt
    request: CalculationRequest | None = None
    """As it was sent, or `request_pinned` of the answer."""


@routes.post("/receipts/verify")
async def verify_receipt(
    request: Request, body: JsonBody[ReceiptQuestion]
) -> ReceiptVerdict:
    """Tell field by field what of a receipt holds.

    Nothing is stored. With the request its digest is checked and the result calculated
    again, at the snapshot of the receipt.
    """
    evidence = await _gather(request, body)
    return await asyncio.to_thread(verifying.examine, evidence)


async def _gather(request: Request, body: ReceiptQuestion) -> Evidence:
    services = services_of(request.scope)
    signers = await services.signer.signers_if_any()
    size = await services.head.renew()
    document = None
    if body.request is not None:
        document = await asyncio.to_thread(Document, body.request)
    async with services.read_sessions() as session:
        known = await keys.verifiers(session, signers)
        return await verifying.gather(session, body.receipt, document, known, size)
