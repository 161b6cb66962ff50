package io.gibbon.runtime;

/** The runtime is closed, or was closed during the work: which says nothing about the work. */
public final class ClosedException extends IllegalStateException {

  /** Always the same message. */
  public ClosedException() {
    super("the runtime is closed");
  }
}
