package io.gibbon.runtime.engine;

import java.util.List;

/**
 * A model loaded on one device. One thread at a time may call {@link #step}; the executor spreads
 * the work over the device itself.
 *
 * <p>Results of a slice do not depend on what else is in the step, bit for bit.
 */
public interface Executor extends AutoCloseable {

  /**
   * Runs all rows of all slices through the model: fills the sequences' own KV states and the
   * logits and shares that the slices ask for. A step in which no slice wants logits ends after the
   * last layer's keys and values.
   */
  void step(List<Slice> slices);

  /** Frees the weights. */
  @Override
  void close();
}
