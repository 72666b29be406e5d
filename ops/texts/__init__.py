"""`texts`: the messages of a stage, in SSM and in files, what they cost, and Logto's connector."""
