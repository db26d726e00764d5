"""The rules: failures, groups, replays, edits, the trail; no database, no bus, no web."""
