"""What every HTTP edge shares: problems, bodies, sessions, snapshots, cache, limits.

Knows HTTP and refuses to know factors: a rule of the domain never stands here.
"""
