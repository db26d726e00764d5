"""Who a person is, by in-person check with the original card."""
