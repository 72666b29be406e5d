"""The deployment, rehearsed: the package that would go to AWS, on an emulated one."""
