"""Records that systems outside hand over: what is asked of all of them, and how their senders are answered."""
