"""
What staff see in the console: lists, one request whole, pictures. Reads, but for what somebody
keeps for themselves: whose work a request is, and lists they come back to.

Nothing here opens what a person wrote or was found about them; that has services of its own, which
note who looked.
"""
