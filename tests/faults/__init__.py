"""The fault laboratory: processes end where it hurts, an oracle looks what is left."""
