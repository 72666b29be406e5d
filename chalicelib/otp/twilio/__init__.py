"""Everything that knows Twilio."""
