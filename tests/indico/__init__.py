"""A conference system used in production, as real input: 162 tables, filled by its own models."""
