"""`support-bundle`: what a maintainer needs to help with a stage, without anything secret."""
