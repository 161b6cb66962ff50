package io.gibbon.schemas.serde;

/** How records are written. Reading always takes both. */
public enum RecordFormat {
  /**
   * Avro: registry wire format where a schema registry is configured, else single-object encoding.
   */
  AVRO,
  /** Plain JSON, for consumers without Avro. Fields that are null are left out. */
  JSON;

  /** How a record that was written by somebody else is written: by its first bytes. */
  public static RecordFormat of(byte[] record) {
    return Framing.of(record) == Framing.JSON_OBJECT ? JSON : AVRO;
  }
}
