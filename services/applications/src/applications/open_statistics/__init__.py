"""Open statistics: how well the district does, for everybody."""
