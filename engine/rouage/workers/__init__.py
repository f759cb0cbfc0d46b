"""Worker processes: where actions run that could hang, crash, leak or flood."""
