"""What a service keeps: repository, commit with inbox and outbox, field encryption, retention, new keys."""
