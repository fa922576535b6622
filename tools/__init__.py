"""What builds and checks ccdesk, beside the program itself."""
