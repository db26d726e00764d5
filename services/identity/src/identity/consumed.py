"""Identity hears nobody: who a person is does not depend on what other services do."""
