package io.gibbon.server.answer;

import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.Ranking;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.ContextStates.Attached;
import io.gibbon.topology.StateUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts the contexts that an answer draws on together: apart, as they were encoded, or in order.
 * Then those that the caller named stand as named, others as {@link Ranking#inPrompt} says. The
 * first one's states are those stored; each other is encoded again behind those before it, which
 * the cache keeps. Blocks while the model reads: call it from a virtual thread.
 */
final class ContextCombiner {

  private final ContextStates states;
  private final ServerConfig config;

  ContextCombiner(ContextStates states, ServerConfig config) {
    this.states = states;
    this.config = config;
  }

  /**
   * What a question is asked over.
   *
   * @param contexts as the model sees them
   * @param combination how they stand to each other
   * @param read tokens that were encoded for it
   * @param time that took
   */
  record Combined(List<Attached> contexts, Combination combination, int read, Duration time) {

    /** Contexts as they were attached. */
    static Combined apart(List<Attached> contexts) {
      return new Combined(contexts, Combination.APE, 0, Duration.ZERO);
    }

    /** Their states. */
    List<KvStates> states() {
      return contexts.stream().map(Attached::states).toList();
    }
  }

  /**
   * Combines contexts as the request says. Where it says nothing, contexts that are too long to be
   * read in order stay apart.
   *
   * @param room tokens that prefix, question and answer leave of the model's window
   * @throws RequestException if the request wants contexts in order that are too long for it
   * @throws java.util.concurrent.CancellationException if the answer has ended meanwhile
   */
  Combined combine(List<Attached> apart, ContextOptions options, int room, RunningAnswer running) {
    Combination wanted = options.combination() == null ? config.combine() : options.combination();
    if (wanted == Combination.APE || apart.size() < 2) {
      return Combined.apart(apart);
    }
    int tokens = apart.stream().mapToInt(one -> one.context().tokens()).sum();
    int most = Math.min(room, Math.min(config.sequentialTokens(), states.mostInOrder()));
    if (tokens <= most) {
      return inOrder(options.ranked() ? Ranking.inPrompt(apart) : apart, running);
    }
    if (options.combination() == Combination.SEQUENTIAL) {
      throw RequestException.tooLong(
          "gibbon.combine",
          "the contexts have %,d tokens, at most %,d can be read in order here: keep fewer, or combine them by ape"
              .formatted(tokens, Math.max(0, most)));
    }
    return Combined.apart(apart);
  }

  private Combined inOrder(List<Attached> order, RunningAnswer running) {
    long began = System.nanoTime();
    List<Attached> ordered = new ArrayList<>(order.subList(0, 1));
    int read = 0;
    try {
      for (Attached next : order.subList(1, order.size())) {
        ContextStates.Borrowed borrowed =
            states.behind(ordered, next.candidate(), () -> !running.cancelled());
        running.hold(borrowed.attached().lease());
        ordered.add(borrowed.attached());
        read += borrowed.read();
      }
    } catch (StateUnavailableException e) {
      // Replaced or deleted since it was attached, and still good for this answer.
      ordered.subList(1, ordered.size()).forEach(one -> running.release(one.lease()));
      return new Combined(
          order, Combination.APE, read, Duration.ofNanos(System.nanoTime() - began));
    }
    order.subList(1, order.size()).forEach(one -> running.release(one.lease()));
    return new Combined(
        ordered, Combination.SEQUENTIAL, read, Duration.ofNanos(System.nanoTime() - began));
  }
}
