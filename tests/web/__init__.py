"""The web face: calls, guards, contract."""
