"""Words and rules everything else speaks in; imports only the standard library."""
