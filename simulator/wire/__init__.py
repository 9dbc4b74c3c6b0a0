"""The pretend site behind real protocols on real sockets."""
