package io.gibbon.runtime.model;

/** Types of metadata values, in the order of their numbers in a GGUF file. */
enum GgufType {
  UINT8(1),
  INT8(1),
  UINT16(2),
  INT16(2),
  UINT32(4),
  INT32(4),
  FLOAT32(4),
  BOOL(1),
  STRING(0),
  ARRAY(0),
  UINT64(8),
  INT64(8),
  FLOAT64(8);

  private final int bytes;

  GgufType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of a value; 0 if values differ in length. */
  int bytes() {
    return bytes;
  }
}
