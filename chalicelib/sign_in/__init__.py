"""Sign-in through Logto: attempts, sessions and what a browser may know of them."""
