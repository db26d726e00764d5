"""The rules of identity: frozen data and pure functions; no store, no bus, no web."""
