package io.gibbon.server.answer;

import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.topology.ContextRef;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.StateReader;
import io.gibbon.topology.StateUnavailableException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * KV states of stored contexts, borrowed through the cache: as they were encoded, apart from each
 * other, and as they are behind others. Thread-safe; methods that borrow block while states are
 * read or encoded, once for all who ask at the same time.
 */
final class ContextStates {

  private final Engine engine;
  private final StateReader states;

  ContextStates(Engine engine, StateReader states) {
    this.engine = engine;
    this.states = states;
  }

  /** A context and its states. */
  record Attached(Candidate candidate, KvCache.Lease lease) {

    ContextRef context() {
      return candidate.context();
    }

    KvStates states() {
      return lease.states();
    }
  }

  /**
   * A context behind others.
   *
   * @param attached the context and the states that it has there
   * @param read its tokens if they were encoded for this, or 0
   */
  record Borrowed(Attached attached, int read) {}

  /** Names the states that the last of some contexts has behind the others. */
  private record Behind(List<ContextRef> order) {}

  /**
   * Borrows the states that a context was stored with.
   *
   * @throws StateUnavailableException if its encoding was replaced or deleted
   */
  Attached apart(Candidate candidate) {
    ContextRef context = candidate.context();
    return new Attached(
        candidate, engine.cache().lease(context, bytes(context), () -> states.read(context)));
  }

  /**
   * Borrows the states that a context has behind others, as in one prompt, and encodes them if
   * nobody has.
   *
   * @param before what stands in front of it, in order, each with the states that it has there
   * @param wanted asked now and then while it is encoded
   * @throws StateUnavailableException if one of the encodings was replaced or deleted
   * @throws CancellationException if it is not wanted any more
   */
  Borrowed behind(List<Attached> before, Candidate candidate, BooleanSupplier wanted) {
    while (true) {
      try {
        return borrow(before, candidate, wanted);
      } catch (CancellationException e) {
        if (!wanted.getAsBoolean()) {
          throw e;
        }
        // Somebody else was encoding it and has left.
      }
    }
  }

  private Borrowed borrow(List<Attached> before, Candidate candidate, BooleanSupplier wanted) {
    ContextRef context = candidate.context();
    List<ContextRef> order =
        Stream.concat(before.stream().map(Attached::context), Stream.of(context)).toList();
    AtomicInteger read = new AtomicInteger();
    KvCache.Lease lease =
        engine
            .cache()
            .lease(
                new Behind(order),
                bytes(context),
                () -> {
                  read.set(context.tokens());
                  return encode(order, before, candidate, wanted);
                });
    return new Borrowed(new Attached(candidate, lease), read.get());
  }

  /**
   * Asks the stores only when the cache knows the key: whatever is replaced after that is forgotten
   * by its key.
   */
  private KvStates encode(
      List<ContextRef> order, List<Attached> before, Candidate candidate, BooleanSupplier wanted) {
    for (ContextRef context : order) {
      if (!states.holds(context)) {
        throw new StateUnavailableException(context + " was replaced or deleted");
      }
    }
    return engine
        .encoder()
        .behind(
            before.stream().map(Attached::states).toList(),
            candidate.title(),
            candidate.text(),
            wanted);
  }

  /**
   * Tokens of contexts that can be encoded in order: more would never fit the cache, where they are
   * apart and in order at once, with the copy that is worked on.
   */
  int mostInOrder() {
    KvLayout layout = engine.profile().layout();
    int window = engine.profile().window();
    long bytes = 2 * layout.bytes(window) + layout.working().bytes(window);
    return (int) Math.min(window, window * (engine.cache().stats().budgetBytes() / (double) bytes));
  }

  private long bytes(ContextRef context) {
    return engine.profile().layout().bytes(context.tokens());
  }

  /** Frees what the cache holds of a document, and of others behind it. Never blocks. */
  void forget(DocumentId document) {
    engine
        .cache()
        .invalidate(
            key ->
                switch (key) {
                  case ContextRef context -> context.document().equals(document);
                  case Behind behind ->
                      behind.order().stream().anyMatch(one -> one.document().equals(document));
                  default -> false;
                });
  }
}
