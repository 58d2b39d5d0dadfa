"""Where a number comes from: citations of documents, and evidence by SHA-256.

Knows documents; knows nothing of the factors that cite them.
"""
