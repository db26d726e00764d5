"""The broker's accounts of systems outside: what each may do, its password, and the definitions that say so."""
