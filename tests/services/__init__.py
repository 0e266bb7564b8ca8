"""Tests of rights.services."""
