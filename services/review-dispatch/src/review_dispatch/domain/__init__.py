"""The rules of review dispatch: frozen data and pure functions, no I/O."""
