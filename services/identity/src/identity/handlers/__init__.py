"""The use cases, a file for each subject; `needs` says what they need from outside."""
