package io.gibbon.server;

import io.gibbon.runtime.kv.KvCache;
import io.gibbon.topology.TopologyMetrics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Meters of what stands behind the server, all named {@code gibbon.*}. */
public final class GibbonMeters {

  private GibbonMeters() {}

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

  /** Shows what the topology of this process has done; for hosts whose topology runs beside. */
  public static void bind(MeterRegistry registry, TopologyMetrics metrics) {
    documents(registry, "accepted", metrics.accepted);
    documents(registry, "unchanged", metrics.unchanged);
    documents(registry, "late", metrics.late);
    documents(registry, "deleted", metrics.deleted);
    documents(registry, "dead_lettered", metrics.deadLetters);
    documents(registry, "encoded", metrics.encoded);
    documents(registry, "failed", metrics.failed);
    counter(registry, "gibbon.encoded.contexts", "Contexts encoded", metrics.contexts);
    counter(registry, "gibbon.encoded.tokens", "Tokens encoded", metrics.tokens);
    counter(registry, "gibbon.written.pages.bytes", "KV states written", metrics.pageBytes);
    Gauge.builder("gibbon.documents.pending", metrics.pending, AtomicLong::get)
        .description("Documents that wait to be encoded or are being encoded")
        .register(registry);
  }

  private static void documents(MeterRegistry registry, String outcome, LongAdder count) {
    FunctionCounter.builder("gibbon.documents", count, LongAdder::sum)
        .description("Records read, by what became of them")
        .tag("outcome", outcome)
        .register(registry);
  }

  private static void counter(
      MeterRegistry registry, String name, String description, LongAdder count) {
    FunctionCounter.builder(name, count, LongAdder::sum)
        .description(description)
        .register(registry);
  }
}
