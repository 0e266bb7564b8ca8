"""
Settings that staff change while everything runs.

``catalogue`` names them, ``values`` says what holds now, ``changing`` changes it: alone where
people are protected as well as before, with a second administrator where they are not.
"""
