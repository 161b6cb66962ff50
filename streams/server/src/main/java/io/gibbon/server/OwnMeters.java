package io.gibbon.server;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** What one server has put into a registry that may outlive it. Thread-safe. */
public final class OwnMeters implements AutoCloseable {

  private final MeterRegistry registry;
  private final Set<Meter> added = ConcurrentHashMap.newKeySet();

  /** Nothing yet, of a registry. */
  public OwnMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Registers a meter, or finds it where it is registered already, and returns it. */
  public <M extends Meter> M add(Function<MeterRegistry, M> register) {
    M meter = register.apply(registry);
    added.add(meter);
    return meter;
  }

  /** Takes everything out of the registry again. */
  @Override
  public void close() {
    added.forEach(registry::remove);
    added.clear();
  }
}
