"""A development identity provider: OpenID Connect, with a page where one picks a person of the synthetic district.

In production the city's own provider stands in its place, by settings of the portal alone.
"""
