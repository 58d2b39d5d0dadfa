"""A witness: remembers the last checkpoint of each log, signs what continues it.

For organisations other than the log's own (C2SP tlog-witness). It knows of trees and
signatures, nothing of entries, and it is worth as much as its memory: a witness that
has lost its state is not started again under its key.
"""
