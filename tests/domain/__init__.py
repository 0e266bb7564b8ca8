"""Tests of rights.domain."""
