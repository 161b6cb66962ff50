package io.gibbon.server.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.FinishReason;
import io.gibbon.runtime.GeneratedToken;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.rank.Selection;
import io.gibbon.schemas.ContextCandidate;
import io.gibbon.schemas.GenerationEvent;
import io.gibbon.schemas.SentenceCitation;
import io.gibbon.schemas.serde.RecordFormat;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.server.answer.AnswerEnd;
import io.gibbon.server.answer.Citation;
import io.gibbon.server.answer.RequestException;
import io.gibbon.server.answer.Selected;
import io.gibbon.topology.ContextRef;
import io.gibbon.topology.DocumentId;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Events to a Kafka that takes what the test says. */
class AnswerEventsTest {

  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
  private final EventSink sink = new EventSink(producer, "events", "letters");
  private final List<@Nullable Exception> written = new ArrayList<>();
  private final AnswerEvents.Ending ending =
      new AnswerEvents.Ending() {
        @Override
        public void written(@Nullable Exception failure) {
          written.add(failure);
        }

        @Override
        public void postponed() {}
      };
  private final AnswerEvents events =
      new AnswerEvents(sink, RecordFormat.AVRO, "q", 1, "model", ending);

  @AfterEach
  void close() {
    sink.close();
  }

  @Test
  void anAnswerThatLacksATokenIsNotWritten() {
    events.onToken(new GeneratedToken(0, "a", -1, List.of()));
    events.onToken(new GeneratedToken(1, "b", -1, List.of()));
    events.onEnd(end());
    await().until(() -> producer.history().size() == 3);

    TimeoutException lost = new TimeoutException("lost");
    producer.errorNext(lost);
    producer.completeNext();
    producer.completeNext();

    assertThat(written).containsExactly(lost);
  }

  @Test
  void eventsHaveTheFormatOfTheirQuestion() {
    events.onToken(new GeneratedToken(0, "a", -1, List.of()));
    after();

    assertThat(producer.history().getFirst().value()).startsWith(0xC3, 0x01);
    assertThat(new String(producer.history().getLast().value(), StandardCharsets.UTF_8))
        .startsWith("{\"requestId\":\"other\"");
  }

  @Test
  void theLastEventTellsHowContextsWereChosenAndCited() {
    ContextRef a = new ContextRef(new DocumentId("c", "a"), 0, "e", 5);
    ContextRef b = new ContextRef(new DocumentId("c", "b"), 2, "e", 5);
    Selected selected =
        new Selected(
            Selection.ATTENTION,
            2,
            List.of(new Selected.Candidate(b, -3.5, null), new Selected.Candidate(a, null, -4.5)),
            Duration.ofMillis(7));
    List<Citation> citations =
        List.of(new Citation(0, 4, b, 0.75, 10, 14), new Citation(5, 9, a, 0.5, -1, -1));
    for (RecordFormat format : RecordFormat.values()) {
      producer.clear();
      new AnswerEvents(sink, format, "q", 1, "model", ending).onEnd(end(selected, citations));
      await().until(() -> producer.history().size() == 1);
      GenerationEvent event =
          RecordSerde.of(GenerationEvent.class)
              .deserializer()
              .deserialize("", producer.history().getFirst().value());

      assertThat(event.getCombine()).isEqualTo("sequential");
      assertThat(event.getSelection().getBy()).isEqualTo("attention");
      assertThat(event.getSelection().getMillis()).isEqualTo(7);
      assertThat(event.getSelection().getCandidates())
          .containsExactly(
              new ContextCandidate("c/b#2", -3.5, null), new ContextCandidate("c/a#0", null, -4.5));
      assertThat(event.getSelection().getHops()).isEqualTo(2);
      assertThat(event.getCitations())
          .containsExactly(
              new SentenceCitation(0, 4, "c/b#2", 0.75, 10, 14),
              new SentenceCitation(5, 9, "c/a#0", 0.5, null, null));
    }
  }

  @Test
  void abandonedEventsWriteNothing() {
    events.onToken(new GeneratedToken(0, "a", -1, List.of()));
    await().until(() -> producer.history().size() == 1);

    events.abandon();
    events.onToken(new GeneratedToken(1, "b", -1, List.of()));
    events.onError(RequestException.unavailable("stopping", "The server is stopping."));
    after();

    assertThat(producer.history()).hasSize(2);
    assertThat(written).isEmpty();
  }

  /** Waits until all that was sent so far has reached the producer, by an event of its own. */
  private void after() {
    AnswerEvents other = new AnswerEvents(sink, RecordFormat.JSON, "other", 1, "model", ending);
    other.onError(RequestException.unavailable("stopping", "The server is stopping."));
    await().until(() -> !producer.history().isEmpty() && last().equals("other"));
  }

  private String last() {
    return new String(producer.history().getLast().key(), StandardCharsets.UTF_8);
  }

  private static AnswerEnd end() {
    return end(Selected.all(List.of()), List.of());
  }

  private static AnswerEnd end(Selected selected, List<Citation> citations) {
    return new AnswerEnd(
        FinishReason.STOP,
        "",
        List.of(),
        selected,
        Combination.SEQUENTIAL,
        citations,
        List.of(),
        true,
        new AnswerEnd.Usage(1, 0, 2, 0, 0),
        new AnswerEnd.Timings(
            Duration.ZERO,
            Duration.ZERO,
            Duration.ZERO,
            Duration.ZERO,
            Duration.ZERO,
            Duration.ZERO));
  }
}
