package io.gibbon.runtime.engine;

import io.gibbon.runtime.kv.KvStates;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One run of tokens and what it attends to. Contexts form APE's context group; prefix and own
 * tokens the other group, causally.
 *
 * @param prefix KV states in front of everything, at positions from 0, or null
 * @param contexts KV states behind the prefix; empty while a context is encoded apart
 * @param combination where they stand
 * @param own room for the sequence's own keys and values; filled by the executor, token by token
 * @param start position of the first own token
 * @param attentionTemperature APE's T
 * @param scalingFactor APE's S
 */
public record Sequence(
    @Nullable KvStates prefix,
    List<KvStates> contexts,
    Combination combination,
    KvStates own,
    int start,
    double attentionTemperature,
    double scalingFactor) {

  /** With contexts apart. */
  public Sequence(
      @Nullable KvStates prefix,
      List<KvStates> contexts,
      KvStates own,
      int start,
      double attentionTemperature,
      double scalingFactor) {
    this(prefix, contexts, Combination.APE, own, start, attentionTemperature, scalingFactor);
  }

  /** Position of a context's first token. */
  public int contextStart(int context) {
    return (prefix == null ? 0 : prefix.tokens()) + combination.start(contexts, context);
  }
}
