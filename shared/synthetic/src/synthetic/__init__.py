"""Invented residents and the records that government holds on them, repeatable from a seed.

There is no public data set of residents, and there must be none: everything here is made up by a generator.
"""
