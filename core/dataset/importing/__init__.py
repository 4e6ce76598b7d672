"""Bringing examples in from files of many formats: read in a child process into a staging file, then taken from there.

:class:`core.dataset.importing.reading.Reading` is the door; :class:`core.dataset.importing.source.Source` says what to
read. ``ExampleStore.add_staged`` takes the staging file into a project in one undo step.
"""
