"""
The company's recommender: a service of its own, reached over HTTP only.

It is written as a product team would write theirs, with the standard library and a file of
its own, and answers this product's protocol for services beside its everyday calls.
"""
