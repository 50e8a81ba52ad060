"""What a pair is: reading and checking tables, opening images safely, text to words."""
