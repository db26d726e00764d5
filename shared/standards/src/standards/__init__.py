"""National standards as pure rules: identity numbers, credential identifiers, working days, scripts."""
