"""What every service needs around its own work: settings, HTTP, access, texts, data files, start-up."""
