"""One pure function per field of a posting: text as found in, a typed value out; none of them raises."""
