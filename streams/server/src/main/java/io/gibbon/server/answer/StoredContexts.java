package io.gibbon.server.answer;

import io.gibbon.runtime.calibrate.ContextSource;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.server.answer.ContextStates.Attached;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.StateUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Contexts of the stores, borrowed through the cache. Used by one thread. */
final class StoredContexts implements ContextSource {

  private final ContextStates states;
  private final List<Candidate> candidates;

  StoredContexts(ContextStates states, List<Candidate> candidates) {
    this.states = states;
    this.candidates = candidates;
  }

  @Override
  public List<Context> contexts() {
    return candidates.stream()
        .map(one -> new Context(one.context().document().toString(), one.text()))
        .toList();
  }

  @Override
  public <T> Optional<T> with(List<Integer> chosen, Function<List<KvStates>, T> use) {
    List<Attached> attached = new ArrayList<>();
    try {
      for (int index : chosen) {
        attached.add(states.apart(candidates.get(index)));
      }
      return Optional.of(use.apply(attached.stream().map(Attached::states).toList()));
    } catch (StateUnavailableException e) {
      return Optional.empty();
    } finally {
      attached.forEach(one -> one.lease().close());
    }
  }
}
