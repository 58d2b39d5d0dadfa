"""What an application in a test holds for its requests."""

from app.http.head import Head
from app.http.services import Services
from app.http.signing import LogSigner
from app.http.witnesses import Witness, Witnesses
from app.kit.database import Sessions
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
    return Services(sessions, sessions, head, signer, policy)
