"""Schemas in the manner of well-known applications, none of which declares all it means."""
