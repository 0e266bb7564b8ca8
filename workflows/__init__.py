"""How an accepted request gets done."""
