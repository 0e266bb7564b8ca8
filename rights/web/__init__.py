"""The faces of the register that speak HTTP."""
