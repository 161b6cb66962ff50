package io.gibbon.bench.eval;

import io.gibbon.bench.eval.Asking.View;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.SequentialEncoder;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextReader;
import io.gibbon.runtime.rank.ContextReader.Reading;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * KV states of one item's contexts, encoded and kept as a server does it: in the format of the
 * profile, apart or each behind those before it. They are borrowed from the runtime's cache, so
 * that items with the same contexts share them. Used by one thread; closing gives them back.
 */
final class ItemStates implements AutoCloseable {

  private final ModelRuntime runtime;
  private final int[] prefixTokens;
  private final List<int[]> contexts;
  private final @Nullable KvStates prefix;
  private final List<KvCache.Lease> leases = new ArrayList<>();
  private final Map<Key, KvStates> borrowed = new HashMap<>();

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
    this.prefix =
        prefix.length == 0
            ? null
            : new SequentialEncoder(runtime::probe, layout().working(), null, runtime.cache())
                .encode(List.of(), prefix, () -> true);
  }

  private KvLayout layout() {
    return runtime.profile().layout();
  }

  /** Names the states that the last of some contexts has behind a prefix and the others. */
  private record Key(IntBuffer prefix, List<IntBuffer> order) {}

  /** Reads contexts behind the prefix. */
  ContextReader reader() {
    return new ContextReader(
        runtime::probe, layout(), runtime.tokenizer().size(), prefix, runtime.cache());
  }

  /** Some contexts as a mode wants them. */
  View view(Mode.Encoding encoding, List<Integer> chosen, double t, double s) {
    return switch (encoding) {
      case SEQUENTIAL ->
          new View(prefix, new Reading(inOrder(chosen), Combination.SEQUENTIAL, 1, 1));
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
    return behind(List.of(), List.of(context), prefixed);
  }

  private List<KvStates> inOrder(List<Integer> chosen) {
    List<KvStates> ordered = new ArrayList<>();
    for (int i = 0; i < chosen.size(); i++) {
      ordered.add(behind(List.copyOf(ordered), chosen.subList(0, i + 1), true));
    }
    return ordered;
  }

  /**
   * @param before states of all but the last of {@code order}
   */
  private KvStates behind(List<KvStates> before, List<Integer> order, boolean prefixed) {
    Key key =
        new Key(
            IntBuffer.wrap(prefixed ? prefixTokens : new int[0]),
            order.stream().map(contexts::get).map(IntBuffer::wrap).toList());
    KvStates known = borrowed.get(key);
    if (known == null) {
      int[] tokens = contexts.get(order.getLast());
      SequentialEncoder encoder =
          new SequentialEncoder(
              runtime::probe, layout(), prefixed ? prefix : null, runtime.cache());
      KvCache.Lease lease =
          runtime
              .cache()
              .lease(
                  key,
                  layout().bytes(tokens.length),
                  () -> encoder.encode(before, tokens, () -> true));
      leases.add(lease);
      known = lease.states();
      borrowed.put(key, known);
    }
    return known;
  }

  /** Gives back what was borrowed. */
  void release() {
    leases.forEach(KvCache.Lease::close);
    leases.clear();
    borrowed.clear();
  }

  @Override
  public void close() {
    release();
    if (prefix != null) {
      prefix.close();
    }
  }
}
