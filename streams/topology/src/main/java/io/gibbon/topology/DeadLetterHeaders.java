package io.gibbon.topology;

/**
 * Headers of a dead letter. Its key and value are those of the refused record, as they came; the
 * record's own headers are kept.
 */
public final class DeadLetterHeaders {

  /** Why the record was refused, one line of text. */
  public static final String REASON = "gibbon.reason";

  /** Topic that the record was read from. */
  public static final String TOPIC = "gibbon.source.topic";

  /** Partition that the record was read from, in decimal digits. */
  public static final String PARTITION = "gibbon.source.partition";

  /** Offset that the record was read from, in decimal digits. */
  public static final String OFFSET = "gibbon.source.offset";

  /**
   * Only on a record too large to be sent on: the number of bytes its value had, in decimal digits.
   * The dead letter has the first of them; the whole record is at the source's offset.
   */
  public static final String TRUNCATED_FROM = "gibbon.value.bytes";

  private DeadLetterHeaders() {}
}
