"""The torch room: started as its own process with `python -m core.worker JOB ...`."""
