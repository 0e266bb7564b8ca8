"""Every kind of request against the running house, each by another person, and the proofs."""
