"""The transparency log: an append-only list of entries and their Merkle hashes.

Knows bytes, kinds and instants; knows nothing of factors. A snapshot is a size of this
log.
"""
