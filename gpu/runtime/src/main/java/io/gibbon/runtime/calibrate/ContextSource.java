package io.gibbon.runtime.calibrate;

import io.gibbon.runtime.kv.KvStates;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Encoded contexts to calibrate on. Used by one thread. */
public interface ContextSource {

  /**
   * One context.
   *
   * @param document what it belongs to; contexts of one document are never on both sides of what is
   *     learnt from and what is judged by
   * @param text its own text
   */
  record Context(String document, String text) {}

  /** All contexts there are. */
  List<Context> contexts();

  /**
   * Lends the states of some contexts.
   *
   * @param chosen indices into {@link #contexts()}
   * @return what {@code use} returned, or empty if one of them is gone meanwhile
   */
  <T> Optional<T> with(List<Integer> chosen, Function<List<KvStates>, T> use);
}
