"""Plain Python: what the words mean. Standard library only."""
