"""What an operator does around a deployment, one module for each noun."""
