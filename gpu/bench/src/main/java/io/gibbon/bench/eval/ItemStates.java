package io.gibbon.bench.eval;

import io.gibbon.bench.eval.Asking.View;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextReader;
import io.gibbon.runtime.rank.ContextReader.Reading;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * KV states of one item's contexts. Those that are encoded apart are kept in the format of the
 * profile and borrowed from the runtime's cache, so that items with the same contexts share them;
 * sequential ones, which nothing would store, are the item's own, as they are computed. Used by one
 * thread; closing frees them.
 */
final class ItemStates implements AutoCloseable {

  private static final int STEP_ROWS = 256;

  private final ModelRuntime runtime;
  private final int[] prefixTokens;
  private final List<int[]> contexts;
  private final @Nullable KvStates prefix;
  private final List<KvCache.Lease> leases = new ArrayList<>();
  private final Map<Apart, KvStates> apart = new HashMap<>();
  private final Map<List<Integer>, KvStates> sequential = new HashMap<>();

  /**
   * Encodes the prefix.
   *
   * @param prefix in front of everything; may be empty
   * @param contexts none empty
   */
  ItemStates(int[] prefix, List<int[]> contexts, ModelRuntime runtime) {
    this.runtime = runtime;
    this.prefixTokens = prefix;
    this.contexts = contexts;
    this.prefix = prefix.length == 0 ? null : encode(null, prefix);
  }

  /** A context encoded behind a prefix, by its tokens. */
  private record Apart(IntBuffer prefix, IntBuffer context) {}

  /** Reads contexts behind the prefix. */
  ContextReader reader() {
    return new ContextReader(
        runtime::probe,
        runtime.profile().layout(),
        runtime.tokenizer().size(),
        prefix,
        runtime.cache());
  }

  /** Some contexts as a mode wants them. */
  View view(Mode.Encoding encoding, List<Integer> chosen, double t, double s) {
    return switch (encoding) {
      case SEQUENTIAL -> new View(prefix, Reading.alone(inOrder(chosen)));
      case BARE ->
          new View(null, new Reading(chosen.stream().map(i -> apart(i, false)).toList(), t, s));
      case PREFIXED -> new View(prefix, new Reading(prefixed(chosen), t, s));
    };
  }

  /** Some contexts, each encoded behind the prefix. */
  List<KvStates> prefixed(List<Integer> chosen) {
    return chosen.stream().map(i -> apart(i, true)).toList();
  }

  private KvStates apart(int context, boolean prefixed) {
    int[] tokens = contexts.get(context);
    int[] before = prefixed ? prefixTokens : new int[0];
    Apart key = new Apart(IntBuffer.wrap(before), IntBuffer.wrap(tokens));
    return apart.computeIfAbsent(key, k -> borrow(k, prefixed ? prefix : null, tokens));
  }

  private KvStates borrow(Apart key, @Nullable KvStates before, int[] tokens) {
    KvLayout layout = runtime.profile().layout();
    KvCache.Lease lease =
        runtime.cache().lease(key, layout.bytes(tokens.length), () -> stored(before, tokens));
    leases.add(lease);
    return lease.states();
  }

  /** A context as it is kept. */
  private KvStates stored(@Nullable KvStates before, int[] tokens) {
    KvLayout layout = runtime.profile().layout();
    KvStates working = encode(before, tokens);
    if (working.layout().equals(layout)) {
      return working;
    }
    try (working) {
      return working.in(layout);
    }
  }

  private KvStates inOrder(List<Integer> chosen) {
    return sequential.computeIfAbsent(
        chosen,
        all ->
            encode(
                prefix, all.stream().flatMapToInt(i -> IntStream.of(contexts.get(i))).toArray()));
  }

  private KvStates encode(@Nullable KvStates before, int[] tokens) {
    KvStates own = KvStates.allocate(runtime.profile().layout().working(), tokens.length);
    int start = before == null ? 0 : before.tokens();
    Sequence sequence = new Sequence(before, List.of(), own, start, 1, 1);
    for (int from = 0; from < tokens.length; from += STEP_ROWS) {
      int[] some = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + STEP_ROWS));
      runtime.probe(List.of(new Slice(sequence, from, some, null, null)));
    }
    return own;
  }

  /** Gives back what was borrowed. */
  void release() {
    leases.forEach(KvCache.Lease::close);
    leases.clear();
    apart.clear();
  }

  @Override
  public void close() {
    release();
    sequential.values().forEach(KvStates::close);
    if (prefix != null) {
      prefix.close();
    }
  }
}
