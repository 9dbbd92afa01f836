"""The types of elements, as RNTuple numbers them."""

BIT, BYTE, CHAR = 0x00, 0x01, 0x02
TRUNCATED, QUANTISED = 0x1C, 0x1D
INDEXES = frozenset({0x0E, 0x0F, 0x1A, 0x1B})
STORED = {  # NumPy's names of the elements; split ones are the same, byte by byte
    BIT: "bool",
    BYTE: "uint8",
    CHAR: "int8",
    0x03: "int8",
    0x04: "uint8",
    0x05: "int16",
    0x06: "uint16",
    0x07: "int32",
    0x08: "uint32",
    0x09: "int64",
    0x0A: "uint64",
    0x0B: "float16",
    0x0C: "float32",
    0x0D: "float64",
    0x11: "int16",
    0x12: "uint16",
    0x13: "int32",
    0x14: "uint32",
    0x15: "int64",
    0x16: "uint64",
    0x17: "float16",
    0x18: "float32",
    0x19: "float64",
    TRUNCATED: "float32",
    QUANTISED: "float32",
}
