"""The pretend shop that fills both fake services."""
