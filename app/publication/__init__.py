"""From content to published version: record and log entry, in one transaction.

The only package that writes facts. Knows roads and publishers; judges no content.
"""
