package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.PendingDocument;
import io.gibbon.topology.internals.Keys;
import io.gibbon.topology.internals.Stores;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What counts as an attempt to encode a document, and when it is given up. */
class AttemptsTest {

  @TempDir Path stateDir;

  private final ScriptedEncoder encoder = new ScriptedEncoder();
  private TopologyHarness harness;

  @BeforeEach
  void start() {
    harness = new TopologyHarness(stateDir, encoder, Map.of());
  }

  @AfterEach
  void stop() {
    harness.close();
  }

  @Test
  void theAttemptIsCountedOnePunctuationBeforeTheHandOver() {
    encoder.hold();
    harness.produce("1", "text");
    harness.advance(Duration.ofMillis(50));
    assertThat(harness.pending().getFirst().getAttempts()).isEqualTo(1);
    assertThat(encoder.encoded()).isEmpty();

    harness.advance(Duration.ofMillis(50));
    assertThat(encoder.encoded()).hasSize(1);
  }

  @Test
  void aDocumentThatWasCutOffIsEncodedAlone() {
    encoder.hold();
    harness.produce("1", "one");
    harness.produce("2", "two");
    cutOff("1", 1);
    harness.settle();
    assertThat(encoder.encoded()).containsExactly("one");

    encoder.release();
    harness.settle();
    assertThat(encoder.encoded()).containsExactly("one", "two");
  }

  @Test
  void aDocumentThatWasCutOffWaitsUntilTheEncoderIsEmpty() {
    encoder.hold();
    harness.produce("1", "one");
    harness.produce("2", "two");
    cutOff("2", 1);
    harness.settle();
    assertThat(encoder.encoded()).containsExactly("one");

    encoder.release();
    harness.settle();
    assertThat(encoder.encoded()).containsExactly("one", "two");
  }

  @Test
  void aDocumentIsGivenUpWhenItWasCutOffTooOftenAlone() {
    harness.produce("1", "unlucky");
    harness.produce("2", "hostile");
    cutOff("1", 3);
    cutOff("2", 4);
    harness.settle();

    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.ENCODED);
    assertThat(harness.stored("2").getState()).isEqualTo(DocumentState.FAILED);
    assertThat(harness.stored("2").getReason()).isEqualTo("encoding it alone was cut off 3 times");
  }

  private void cutOff(String id, int times) {
    PendingDocument pending =
        harness.pending().stream()
            .filter(found -> found.getDocument().getId().equals(id))
            .findFirst()
            .orElseThrow();
    pending.setAttempts(times);
    harness.store(Stores.PENDING).put(Keys.document(new DocumentId("c", id)), pending);
  }

  @Test
  void aFailedAttemptIsRepeated() {
    encoder.fail("text", 2);
    harness.produce("1", "text");
    harness.settle();

    assertThat(encoder.encoded()).hasSize(3);
    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.ENCODED);
    assertThat(harness.deadLetters.isEmpty()).isTrue();
  }

  @Test
  void theDeadLetterOfADocumentFromTheFutureIsFromThePresent() {
    encoder.fail("bad", 3);
    harness.produceAt(
        TopologyHarness.START.plus(Duration.ofMinutes(30)),
        TopologyHarness.document("c", "1", "bad"));
    harness.settle();

    assertThat(harness.deadLetters.readRecord().getRecordTime())
        .as("brokers refuse the future")
        .isBetween(TopologyHarness.START, TopologyHarness.START.plusSeconds(2));
  }

  @Test
  void aStopInOrderIsNoAttempt() {
    encoder.hold();
    harness.produce("1", "one");
    harness.produce("2", "two");
    harness.settle();
    assertThat(encoder.encoded()).containsExactly("one", "two");

    Thread.ofVirtual().start(harness.topology::stopEncoding);
    await().until(() -> takenBack() == 2);
    assertThat(encoder.cancelled()).isEqualTo(2);
    harness.settle();
    assertThat(encoder.encoded()).as("nothing is handed over again").hasSize(2);
  }

  private long takenBack() {
    harness.advance(Duration.ofMillis(50));
    return harness.pending().stream().filter(pending -> pending.getAttempts() == 0).count();
  }

  @Test
  void anEncoderThatIsClosedFirstIsNoAttempt() {
    encoder.hold();
    harness.produce("1", "one");
    harness.settle();
    encoder.close();
    harness.produce("2", "two");
    harness.settle();

    assertThat(harness.pending()).extracting(PendingDocument::getAttempts).containsExactly(0, 0);
    assertThat(harness.pending()).extracting(PendingDocument::getFailures).containsExactly(0, 0);
    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.PENDING);
    assertThat(harness.deadLetters.isEmpty()).isTrue();
  }
}
