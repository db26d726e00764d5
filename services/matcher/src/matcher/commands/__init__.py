"""What operators type: loading the city mirror in bulk, rebuilding the projection of the credential store."""
