//! Small texts of the wire: percent encoding, hex, base64, dates.
