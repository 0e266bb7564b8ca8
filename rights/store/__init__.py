"""Where the register's rows live."""
