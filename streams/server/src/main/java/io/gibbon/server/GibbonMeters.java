package io.gibbon.server;

import io.gibbon.runtime.kv.KvCache;
import io.gibbon.topology.TopologyMetrics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToLongFunction;

/** Meters of what stands behind the server, all named {@code gibbon.*}. */
public final class GibbonMeters {

  private GibbonMeters() {}

  static void bind(OwnMeters meters, KvCache cache) {
    gauge(meters, "size", "KV states of contexts in memory", cache, KvCache.Stats::cachedBytes);
    gauge(meters, "reserved", "KV states of running answers", cache, KvCache.Stats::reservedBytes);
    gauge(meters, "budget", "The limit of both together", cache, KvCache.Stats::budgetBytes);
    count(meters, "hits", "Contexts found in memory", cache, KvCache.Stats::hits);
    count(meters, "misses", "Contexts read from a store", cache, KvCache.Stats::misses);
    count(
        meters,
        "evictions",
        "Contexts dropped from memory to make room",
        cache,
        KvCache.Stats::evictions);
  }

  private static void gauge(
      OwnMeters meters,
      String name,
      String description,
      KvCache cache,
      ToLongFunction<KvCache.Stats> value) {
    meters.add(
        registry ->
            Gauge.builder("gibbon.cache." + name, cache, c -> value.applyAsLong(c.stats()))
                .description(description)
                .baseUnit(BaseUnits.BYTES)
                .register(registry));
  }

  private static void count(
      OwnMeters meters,
      String name,
      String description,
      KvCache cache,
      ToLongFunction<KvCache.Stats> value) {
    meters.add(
        registry ->
            FunctionCounter.builder(
                    "gibbon.cache." + name, cache, c -> value.applyAsLong(c.stats()))
                .description(description)
                .register(registry));
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
