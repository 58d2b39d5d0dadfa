"""The auditor's tool: checks what a service says against what its log has signed.

Knows the log's formats and nothing of the service's database, models or framework, so
that it can be read, installed and believed on its own: the standard library,
`cryptography` and the two pure modules of `app.translog` are all it needs.

It takes nothing for granted that the log's key has not signed: sizes and roots come
from the verified checkpoint alone, and whatever else an answer says must agree.
"""

from app.verify.command import main

__all__ = ["main"]
