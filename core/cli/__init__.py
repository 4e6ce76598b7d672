"""The command line: one small module a subcommand group, calling what the pages call."""
