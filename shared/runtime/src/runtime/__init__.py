"""What everything stands on: errors, texts, days and ids, data files, a command's console."""
