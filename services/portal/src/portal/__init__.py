"""Where people meet the system: pages over the gateway, one folder for each place."""
