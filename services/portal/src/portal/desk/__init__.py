"""`/desk/`: reviewers and deciding officers."""
