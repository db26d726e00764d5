"""The rules of matching: frozen data and pure functions, no store, no bus, no web."""
