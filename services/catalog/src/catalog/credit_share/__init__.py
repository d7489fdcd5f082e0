"""Lists of credit that authorities share with each other: import with hits, export."""
