package io.gibbon.server.answer;

import io.gibbon.topology.CollectionList;
import io.gibbon.topology.CollectionStatus;
import io.gibbon.topology.SearchResult;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.StateReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Proposes the contexts of an answer. Reads from disk: call it from a virtual thread. */
final class ContextChooser {

  private static final Duration POLL = Duration.ofMillis(20);

  private final StateReader states;
  private final String defaultCollection;
  private final Duration visibility;

  /**
   * @param defaultCollection searched when a request names none
   * @param visibility how long to wait for a write that a request wants to see
   */
  ContextChooser(StateReader states, String defaultCollection, Duration visibility) {
    this.states = states;
    this.defaultCollection = defaultCollection;
    this.visibility = visibility;
  }

  /**
   * The contexts that fit the request best: those named, all, or found by a search.
   *
   * @throws RequestException if something named does not exist, or is not visible in time
   */
  SearchResult choose(Question question, ContextOptions options) throws InterruptedException {
    if (options.after() != null) {
      await(options.after());
    }
    if (!options.named().isEmpty()) {
      return named(options.named());
    }
    if (options.topK() == 0) {
      return new SearchResult(List.of(), true);
    }
    String collection = options.collection() == null ? defaultCollection : options.collection();
    SearchResult found =
        options.topK() == ContextOptions.ALL
            ? whole(collection)
            : states.search(collection, question.searchText(), options.topK());
    if (found.candidates().isEmpty() && options.collection() != null) {
      requireKnown(collection);
    }
    return found;
  }

  private SearchResult whole(String collection) {
    SearchResult all = states.contexts(collection, ContextOptions.MOST + 1);
    if (all.candidates().size() > ContextOptions.MOST) {
      throw RequestException.invalid(
          "gibbon.top_k",
          "collection '%s' has more than %,d contexts, the most that one answer may attend to"
              .formatted(collection, ContextOptions.MOST));
    }
    return all;
  }

  private SearchResult named(List<ContextName> names) {
    Map<String, Candidate> chosen = new LinkedHashMap<>();
    for (ContextName name : names) {
      for (Candidate candidate : contexts(name)) {
        chosen.putIfAbsent(candidate.context().toString(), candidate);
      }
    }
    if (chosen.size() > ContextOptions.MOST) {
      throw RequestException.invalid(
          "gibbon.contexts",
          "gibbon.contexts names %,d contexts, the limit is %,d"
              .formatted(chosen.size(), ContextOptions.MOST));
    }
    return new SearchResult(new ArrayList<>(chosen.values()), true);
  }

  private List<Candidate> contexts(ContextName name) {
    List<Candidate> all = states.contexts(name.document());
    List<Candidate> wanted =
        name.index() == null
            ? all
            : all.stream().filter(c -> c.context().index() == name.index()).toList();
    if (wanted.isEmpty()) {
      throw RequestException.notFound(
          "gibbon.contexts", "context_not_found", "'" + name + "' has no encoded context");
    }
    return wanted;
  }

  private void requireKnown(String collection) {
    CollectionList known = states.collections();
    boolean found =
        known.collections().stream().map(CollectionStatus::collection).anyMatch(collection::equals);
    if (!found && known.complete()) {
      throw RequestException.notFound(
          "gibbon.collection",
          "collection_not_found",
          "collection '" + collection + "' holds no documents");
    }
  }

  private void await(After after) throws InterruptedException {
    long end = System.nanoTime() + visibility.toNanos();
    while (!after.visible(states.document(after.document()), states)) {
      if (System.nanoTime() > end) {
        throw RequestException.unavailable(
            "not_visible_yet",
            "%s is not visible after %d ms".formatted(after, visibility.toMillis()));
      }
      Thread.sleep(POLL);
    }
  }
}
