"""What identity keeps, and how: documents in MongoDB, identity numbers only encrypted."""
