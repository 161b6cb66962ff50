package io.gibbon.runtime.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vectors that the vector kernels use. The JIT turns vector operations into instructions only
 * where the species is a constant, so the width is fixed when this class is loaded: the machine's
 * preferred one, unless the class loader is a {@link VectorWidth}, which is how tests run every
 * width in one process.
 */
final class Simd {

  /** Vectors of floats. */
  static final VectorSpecies<Float> F = species();

  /** Vectors of as many ints. */
  static final VectorSpecies<Integer> I = F.withLanes(int.class);

  /** Lanes of a vector: 4, 8 or 16. */
  static final int W = F.length();

  private Simd() {}

  private static VectorSpecies<Float> species() {
    int bits = FloatVector.SPECIES_PREFERRED.vectorBitSize();
    if (Simd.class.getClassLoader() instanceof VectorWidth width) {
      bits = width.bits();
    }
    return switch (Math.clamp(bits, 128, 512)) {
      case 128 -> FloatVector.SPECIES_128;
      case 256 -> FloatVector.SPECIES_256;
      default -> FloatVector.SPECIES_512;
    };
  }
}
