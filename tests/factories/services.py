"""What an application in a test holds for its requests."""

import atexit
from functools import cache

from app.http.head import Head
from app.http.services import Services, small_lane
from app.http.signing import LogSigner
from app.http.witnesses import Witness, Witnesses
from app.kit.database import Sessions
from app.kit.workers import WorkerPool
from app.reference.policy import NATIONAL, Policy
from app.translog import note
from app.translog.keys import KeySource

# The seed of RFC 8032, test 1.
LOG_KEY = note.Signer(
    "tanyin.example/log",
    note.ED25519,
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
)


def services(
    sessions: Sessions,
    policy: Policy = NATIONAL,
    witnesses: tuple[Witness, ...] = (),
    keys: tuple[note.Signer, ...] = (LOG_KEY,),
) -> Services:
    """Return services on *sessions*, with a log key that every test knows."""
    head = Head(sessions)
    source = KeySource(text="\n".join(each.private_text for each in keys))
    signer = LogSigner(sessions, head, source, Witnesses(sessions, witnesses))
    return Services(
        sessions, sessions, head, signer, small_lane(), shared_workers(), policy
    )


@cache
def shared_workers() -> WorkerPool:
    """Return workers for all tests of this process: starting one takes a second."""
    pool = WorkerPool(2, 8)
    atexit.register(pool.close)
    return pool
