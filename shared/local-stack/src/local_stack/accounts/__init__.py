"""The accounts on broker and store: what each may do, its password, and the definitions that say so."""
