"""
What the person gets: one ZIP that a person can open and a machine can read.

``spool`` seals what a store holds, ``build`` makes the package of all spools. Neither knows the
register: they take values and return values.
"""
