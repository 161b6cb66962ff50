package io.gibbon.bench.eval;

import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextReader;
import io.gibbon.runtime.rank.ContextReader.Reading;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * KV states of one item's contexts, encoded once for all modes that read them. Contexts that are
 * encoded apart are kept in the format of the profile; sequential ones, which nothing would store,
 * as they are computed. Used by one thread; closing frees them.
 */
final class ItemStates implements AutoCloseable {

  private static final int STEP_ROWS = 256;

  private final ModelRuntime runtime;
  private final ItemWords words;
  private final Map<Object, KvStates> states = new HashMap<>();
  private final KvStates prefix;

  ItemStates(ItemWords words, ModelRuntime runtime) {
    this.runtime = runtime;
    this.words = words;
    this.prefix = encode(runtime, null, words.prefix());
  }

  private record Key(Mode.Encoding encoding, List<Integer> contexts) {}

  /** Reads behind the prefix, or without one. */
  ContextReader reader(Mode.Encoding encoding) {
    return new ContextReader(
        runtime::probe,
        runtime.profile().layout(),
        runtime.tokenizer().size(),
        encoding == Mode.Encoding.BARE ? null : prefix);
  }

  /** Some contexts, encoded as a mode wants them. */
  Reading reading(Mode.Encoding encoding, List<Integer> chosen, double t, double s) {
    return switch (encoding) {
      case SEQUENTIAL -> Reading.alone(sequential(chosen));
      case BARE -> new Reading(each(encoding, chosen, null), t, s);
      case PREFIXED -> new Reading(each(encoding, chosen, prefix), t, s);
    };
  }

  private List<KvStates> each(
      Mode.Encoding encoding, List<Integer> chosen, @Nullable KvStates before) {
    return chosen.stream()
        .map(
            i ->
                once(
                    new Key(encoding, List.of(i)),
                    () -> stored(runtime, before, words.contexts().get(i))))
        .toList();
  }

  /** In their own order, as they would stand in a prompt. */
  private KvStates sequential(List<Integer> chosen) {
    List<Integer> order = chosen.stream().sorted().toList();
    return once(
        new Key(Mode.Encoding.SEQUENTIAL, order),
        () ->
            encode(
                runtime,
                prefix,
                order.stream().flatMapToInt(i -> IntStream.of(words.contexts().get(i))).toArray()));
  }

  private KvStates once(Key key, Supplier<KvStates> encoding) {
    return states.computeIfAbsent(key, k -> encoding.get());
  }

  /** A context as it is kept. */
  static KvStates stored(ModelRuntime runtime, @Nullable KvStates before, int[] tokens) {
    try (KvStates working = encode(runtime, before, tokens)) {
      return working.in(runtime.profile().layout());
    }
  }

  private static KvStates encode(ModelRuntime runtime, @Nullable KvStates before, int[] tokens) {
    KvLayout layout = runtime.profile().layout().working();
    KvStates own = KvStates.allocate(layout, tokens.length);
    int start = before == null ? 0 : before.tokens();
    Sequence sequence = new Sequence(before, List.of(), own, start, 1, 1);
    for (int from = 0; from < tokens.length; from += STEP_ROWS) {
      int[] some = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + STEP_ROWS));
      runtime.probe(List.of(new Slice(sequence, from, some, null, null)));
    }
    return own;
  }

  @Override
  public void close() {
    states.values().forEach(KvStates::close);
    prefix.close();
  }
}
