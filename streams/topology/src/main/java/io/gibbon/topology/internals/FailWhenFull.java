package io.gibbon.topology.internals;

import org.rocksdb.AbstractEventListener;
import org.rocksdb.BackgroundErrorReason;
import org.rocksdb.Status;

/**
 * Makes writes to a store fail once its disk is full. Left to itself RocksDB waits for room in the
 * middle of a write, and the stream thread with it, without a word. Thread-safe.
 *
 * <p>The Java part of RocksDB 10.1 does not know all reasons, and prints an exception for writes
 * without a log, which it then takes for a no as well.
 */
final class FailWhenFull extends AbstractEventListener {

  FailWhenFull() {
    super(EnabledEventCallback.ON_ERROR_RECOVERY_BEGIN);
  }

  /** Whether RocksDB shall wait for better times. */
  @Override
  public boolean onErrorRecoveryBegin(BackgroundErrorReason reason, Status error) {
    return false;
  }
}
