"""The use cases of review dispatch, and what they need from outside."""
