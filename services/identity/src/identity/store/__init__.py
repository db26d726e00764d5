"""What identity keeps, and how: documents in MongoDB, with what describes people sealed."""
