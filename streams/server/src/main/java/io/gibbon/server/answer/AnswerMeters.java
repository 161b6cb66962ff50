package io.gibbon.server.answer;

import io.gibbon.server.OwnMeters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts answers. Thread-safe. */
public final class AnswerMeters {

  private final OwnMeters meters;
  private final AtomicInteger running = new AtomicInteger();
  private final Timer firstToken;
  private final Timer total;
  private final Counter query;
  private final Counter cached;
  private final Counter completion;

  /** Meters among others of the server, all named {@code gibbon.*}. */
  public AnswerMeters(OwnMeters meters) {
    this.meters = meters;
    meters.add(
        registry ->
            Gauge.builder("gibbon.answers.running", running, AtomicInteger::get)
                .description("Answers under way")
                .register(registry));
    firstToken =
        meters.add(
            registry ->
                Timer.builder("gibbon.answers.first.token")
                    .description("From the request to the first token")
                    .publishPercentileHistogram()
                    .register(registry));
    total =
        meters.add(
            registry ->
                Timer.builder("gibbon.answers.total")
                    .description("From the request to the end of the answer")
                    .publishPercentileHistogram()
                    .register(registry));
    query = tokens("query");
    cached = tokens("cached");
    completion = tokens("completion");
  }

  private Counter tokens(String kind) {
    return meters.add(
        registry ->
            Counter.builder("gibbon.tokens")
                .description("Tokens read (query), attended without being read (cached), generated")
                .tag("kind", kind)
                .register(registry));
  }

  void began() {
    running.incrementAndGet();
  }

  void firstToken(Duration time) {
    firstToken.record(time);
  }

  void answered(AnswerEnd end) {
    running.decrementAndGet();
    total.record(end.timings().total());
    query.increment(end.usage().query());
    cached.increment(end.usage().cached());
    completion.increment(end.usage().completion());
    outcome(end.finishReason().name().toLowerCase(Locale.ROOT));
  }

  void failed(RequestException error) {
    running.decrementAndGet();
    outcome(error.code());
  }

  void refused(String code) {
    outcome(code);
  }

  private void outcome(String outcome) {
    meters.add(registry -> registry.counter("gibbon.answers", "outcome", outcome)).increment();
  }
}
