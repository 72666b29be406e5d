"""What each flow takes of AWS, measured; the page of costs is reckoned from it."""
