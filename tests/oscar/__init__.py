"""A shop framework used in production, as real input: its own schema, filled by its own code."""
