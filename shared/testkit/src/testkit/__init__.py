"""Named fakes and real infrastructure for the tests of every service."""
