package io.gibbon.server.answer;

import io.gibbon.runtime.calibrate.ContextSource;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.topology.ContextRef;
import io.gibbon.topology.SearchResult.Candidate;
import io.gibbon.topology.StateReader;
import io.gibbon.topology.StateUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Contexts of the stores, borrowed through the cache. Used by one thread. */
final class StoredContexts implements ContextSource {

  private final Engine engine;
  private final StateReader states;
  private final List<Candidate> candidates;

  StoredContexts(Engine engine, StateReader states, List<Candidate> candidates) {
    this.engine = engine;
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
    List<KvCache.Lease> leases = new ArrayList<>();
    try {
      for (int index : chosen) {
        ContextRef context = candidates.get(index).context();
        long bytes = engine.profile().layout().bytes(context.tokens());
        leases.add(engine.cache().lease(context, bytes, () -> states.read(context)));
      }
      return Optional.of(use.apply(leases.stream().map(KvCache.Lease::states).toList()));
    } catch (StateUnavailableException e) {
      return Optional.empty();
    } finally {
      leases.forEach(KvCache.Lease::close);
    }
  }
}
