"""The gate before an effect: trust, limits, outbox."""
