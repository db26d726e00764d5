"""The rules of electronic credentials: frozen data and pure functions.

`credential` is the data, `hearing` what events do to it, `keeping` what people do to it, `standing` what follows,
`identifiers` its numbers, `document_types` the rules that stand in a data file, `metadata` the standard's names,
`looks` who may see it and what is remembered of that.
"""
