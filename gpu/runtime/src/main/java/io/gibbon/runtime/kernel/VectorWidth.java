package io.gibbon.runtime.kernel;

/** A class loader that wants the vector kernels it defines to have a certain width. */
public interface VectorWidth {

  /** Bits of a vector: 128, 256 or 512. */
  int bits();
}
