"""What may I get: every item of the catalogue, judged for one person in one answer."""
