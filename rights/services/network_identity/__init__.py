"""
The national network identity service as one more way of proof, through a company's own bridge.

The public service tells a company that a living person stands there. The bridge knows to which
account of the company that person's network identity was bound; its word is what counts here.

Source: NDSR 43; Measures for the national network identity authentication public service
(in force since 2025-07-15); PIPL 6.
"""
