"""
Signing in at a company's own OpenID Connect provider: authorization code with PKCE.

``flow`` is what a sign-in does, and alone loads what only a sign-in needs: a web process in which
nobody signs in does not pay for it.

Source: OpenID Connect Core 1.0; RFC 7636, 9207, 9700; NDSR 9; PIPL 51.
"""
