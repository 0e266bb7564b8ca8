"""
The company's own website: a product whose pages show the portal.

It plays the part of somebody else's code: it knows the API's address and its own keys, and
nothing of this service.
"""
