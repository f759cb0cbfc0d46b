"""The line an event follows: listen, match, queue, run, step."""
