"""A company to try this service on: five stores, two thousand people, and one command."""
