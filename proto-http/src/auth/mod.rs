//! Who asks, and whether the bytes are what was signed. No I/O; times are arguments.
