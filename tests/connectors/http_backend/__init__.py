"""The client of the protocol, against a real HTTP server that speaks it or breaks it."""
