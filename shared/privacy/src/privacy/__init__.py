"""What every service says of people's data: the record of accesses, export, erasure."""
