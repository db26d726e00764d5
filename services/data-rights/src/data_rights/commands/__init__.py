"""What operators and auditors type: `python -m data_rights verify`."""
