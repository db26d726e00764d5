"""Files that people hand in: read, cleaned of what else they carry, and kept sealed."""
