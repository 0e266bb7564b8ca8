"""One small module per server that tests talk to."""
