"""The deployment, rehearsed: the package for AWS, on an emulated AWS."""
