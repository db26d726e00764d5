"""Everything that runs on one machine: set-up, a private broker and store, the gateway, the services, tokens."""
