"""A service as its callers meet it: sign-in, problem details, paging, idempotency, metrics, its start."""
