"""Checks of the tree that run before the tests: sizes, lock files, words."""
