"""The use cases of data-rights, and what they need from outside."""
