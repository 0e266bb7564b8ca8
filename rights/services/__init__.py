"""Functions over the register: a session and values in, rows out; the caller commits."""
