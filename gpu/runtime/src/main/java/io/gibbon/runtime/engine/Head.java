package io.gibbon.runtime.engine;

/**
 * One query head.
 *
 * @param layer its layer, from 0
 * @param head its place among the layer's query heads, from 0
 */
public record Head(int layer, int head) {

  /** Both must not be negative. */
  public Head {
    if (layer < 0 || head < 0) {
      throw new IllegalArgumentException("no head %d of layer %d".formatted(head, layer));
    }
  }
}
