package io.gibbon.topology;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the topology of this process has done since it was started, for whatever metrics library a
 * host uses. Thread-safe; numbers are read without a common moment.
 */
public final class TopologyMetrics {

  /** Documents whose content was new and that were put aside to be encoded. */
  public final LongAdder accepted = new LongAdder();

  /** Documents whose content was known, so that only their version changed. */
  public final LongAdder unchanged = new LongAdder();

  /** Records that were older than what is known of their document. */
  public final LongAdder late = new LongAdder();

  /** Deletions. */
  public final LongAdder deleted = new LongAdder();

  /** Records that went to the dead letters. */
  public final LongAdder deadLetters = new LongAdder();

  /** Documents encoded. */
  public final LongAdder encoded = new LongAdder();

  /** Documents given up. */
  public final LongAdder failed = new LongAdder();

  /** Attempts to encode a document that ended with an error. */
  public final LongAdder attemptsFailed = new LongAdder();

  /** Contexts encoded. */
  public final LongAdder contexts = new LongAdder();

  /** Tokens encoded. */
  public final LongAdder tokens = new LongAdder();

  /** Bytes of KV states written. */
  public final LongAdder pageBytes = new LongAdder();

  /** Documents of this process's partitions that wait to be encoded or are being encoded. */
  public final AtomicLong pending = new AtomicLong();

  /** Records read, by now counted as pending if they have to be encoded. */
  public long read() {
    long refused = deadLetters.sum() - failed.sum();
    return accepted.sum() + unchanged.sum() + late.sum() + deleted.sum() + refused;
  }
}
