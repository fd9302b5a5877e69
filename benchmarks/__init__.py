"""Each module measures one thing and prints it beside a named peer, measured in the same run."""
