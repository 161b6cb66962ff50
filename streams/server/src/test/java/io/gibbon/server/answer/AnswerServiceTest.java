package io.gibbon.server.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.GeneratedToken;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.rank.Selection;
import io.gibbon.runtime.sampling.Sampling;
import io.gibbon.server.FakeGenerator;
import io.gibbon.server.FakeStates;
import io.gibbon.server.OwnMeters;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.TestServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What answers hold is given back, whatever their listeners do. */
class AnswerServiceTest {

  private final FakeGenerator generator = new FakeGenerator();
  private final KvCache cache = new KvCache(1 << 20);
  private final Engine engine = TestServer.engine(generator, cache);
  private final FakeStates states = new FakeStates(engine.profile().layout());
  private final AnswerService service =
      new AnswerService(
          engine,
          states,
          ServerConfig.of(Map.of("max-requests", "1")),
          new AnswerMeters(new OwnMeters(new SimpleMeterRegistry())));

  @AfterEach
  void close() {
    service.close();
    cache.close();
  }

  @Test
  void aListenerThatThrowsAtTheStartEndsItsAnswerAndNoOther() throws Exception {
    states.add("default", "ferry", "x", 100);
    for (Throwable thrown : List.of(new IllegalStateException("no"), new AssertionError("no"))) {
      generator.hangsAfter = 0;
      Outcome failing = new Outcome(thrown);
      service.answer(request(), failing);

      assertThat(failing.end.get(10, TimeUnit.SECONDS)).isEqualTo("internal_error");
      await().until(() -> generator.cancelled.getAndSet(0) == 1);

      generator.hangsAfter = Integer.MAX_VALUE;
      Outcome next = new Outcome(null);
      service.answer(request(), next);
      assertThat(next.end.get(10, TimeUnit.SECONDS)).isEqualTo("LENGTH");
    }
  }

  private static AnswerRequest request() {
    ContextOptions options =
        new ContextOptions(
            null,
            List.of(ContextName.parse("x", "default/ferry")),
            1,
            Selection.NONE,
            1,
            1,
            null,
            null,
            null,
            true,
            false,
            true,
            null);
    return new AnswerRequest(
        "1", null, new Question.Completion("x"), options, Sampling.GREEDY, 3, List.of(), 0, null);
  }

  /** Throws at the start, and tells the end. */
  private static final class Outcome implements AnswerListener {

    private final Throwable thrown;
    private final CompletableFuture<String> end = new CompletableFuture<>();

    Outcome(Throwable thrown) {
      this.thrown = thrown;
    }

    @Override
    public void onStart(AnswerStart start) {
      switch (thrown) {
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        case null, default -> {}
      }
    }

    @Override
    public void onToken(GeneratedToken token) {}

    @Override
    public void onEnd(AnswerEnd answer) {
      end.complete(answer.finishReason().name());
    }

    @Override
    public void onError(RequestException error) {
      end.complete(error.code());
    }
  }
}
