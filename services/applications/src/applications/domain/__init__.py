"""The rules of applying: frozen data and pure functions, no database, no bus, no web."""
