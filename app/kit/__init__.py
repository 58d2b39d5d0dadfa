"""What another product could use: errors, canonical JSON, decimals, paging, database.

Knows nothing of factors, footprints or HTTP.
"""
