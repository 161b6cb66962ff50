package io.gibbon.server;

import io.gibbon.runtime.kv.KvCache;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;

/** Meters of the cache of KV states. */
final class Meters {

  private Meters() {}

  static void bind(MeterRegistry registry, KvCache cache) {
    Gauge.builder("gibbon.cache.size", cache, c -> c.stats().cachedBytes())
        .description("KV states of contexts in memory")
        .baseUnit(BaseUnits.BYTES)
        .register(registry);
    Gauge.builder("gibbon.cache.reserved", cache, c -> c.stats().reservedBytes())
        .description("KV states of running answers")
        .baseUnit(BaseUnits.BYTES)
        .register(registry);
    Gauge.builder("gibbon.cache.budget", cache, c -> c.stats().budgetBytes())
        .description("The limit of both together")
        .baseUnit(BaseUnits.BYTES)
        .register(registry);
    FunctionCounter.builder("gibbon.cache.hits", cache, c -> c.stats().hits())
        .description("Contexts found in memory")
        .register(registry);
    FunctionCounter.builder("gibbon.cache.misses", cache, c -> c.stats().misses())
        .description("Contexts read from a store")
        .register(registry);
    FunctionCounter.builder("gibbon.cache.evictions", cache, c -> c.stats().evictions())
        .description("Contexts dropped from memory to make room")
        .register(registry);
  }
}
