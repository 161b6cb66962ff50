package io.gibbon.server.answer;

import io.gibbon.topology.CollectionList;
import io.gibbon.topology.CollectionStatus;
import io.gibbon.topology.SearchResult;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.StateReader;
import io.gibbon.topology.StateUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
   * What was chosen.
   *
   * @param candidates best first, or in the order in which they were named
   * @param dropped names of what cannot be reached now
   * @param complete whether everything that was asked for could be asked
   */
  record Choice(List<Candidate> candidates, List<String> dropped, boolean complete) {

    private static Choice of(SearchResult found) {
      return new Choice(found.candidates(), List.of(), found.complete());
    }
  }

  /**
   * The contexts that fit the request best: those named, all, or found by a search.
   *
   * @throws RequestException if something named does not exist, or is not visible in time
   */
  Choice choose(Question question, ContextOptions options) throws InterruptedException {
    if (options.after() != null) {
      await(options.after());
    }
    if (!options.named().isEmpty()) {
      return named(options.named());
    }
    if (options.topK() == 0) {
      return new Choice(List.of(), List.of(), true);
    }
    String collection = options.collection() == null ? defaultCollection : options.collection();
    SearchResult found =
        options.topK() == ContextOptions.ALL
            ? whole(collection)
            : states.search(collection, question.searchText(), options.topK());
    if (found.candidates().isEmpty() && options.collection() != null) {
      requireKnown(collection);
    }
    return Choice.of(found);
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

  private Choice named(List<ContextName> names) {
    Map<String, Candidate> chosen = new LinkedHashMap<>();
    Set<String> dropped = new LinkedHashSet<>();
    for (ContextName name : names) {
      try {
        for (Candidate candidate : contexts(name)) {
          chosen.putIfAbsent(candidate.context().toString(), candidate);
        }
      } catch (StateUnavailableException e) {
        dropped.add(name.toString());
      }
    }
    if (chosen.size() > ContextOptions.MOST) {
      throw RequestException.invalid(
          "gibbon.contexts",
          "gibbon.contexts names %,d contexts, the limit is %,d"
              .formatted(chosen.size(), ContextOptions.MOST));
    }
    return new Choice(new ArrayList<>(chosen.values()), List.copyOf(dropped), dropped.isEmpty());
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
    while (!isVisible(after)) {
      if (System.nanoTime() > end) {
        throw RequestException.unavailable(
            "not_visible_yet",
            "%s is not visible after %d ms".formatted(after, visibility.toMillis()));
      }
      Thread.sleep(POLL);
    }
  }

  /** A partition that cannot be asked now may come back in time. */
  private boolean isVisible(After after) {
    try {
      return after.visible(states.document(after.document()), states);
    } catch (StateUnavailableException e) {
      return false;
    }
  }
}
