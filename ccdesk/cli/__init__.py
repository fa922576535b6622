"""The command line of design §6: one document out, words on stderr, exit codes that scripts can rely on."""
