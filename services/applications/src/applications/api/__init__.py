"""HTTP: what residents, reviewers, officials and the public call."""
