"""The hashes of RFC 6962 section 2.1. Pure: bytes in, bytes out."""

import hashlib


def leaf_hash(entry: bytes) -> bytes:
    """Return the 32-byte hash of a leaf that holds *entry*."""
    return hashlib.sha256(b"\x00" + entry).digest()
