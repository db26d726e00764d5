"""What national standards and local registers fix: numbers, identifiers, working days, scripts, ages, communities."""
