package io.gibbon.topology;

import static io.gibbon.topology.TopologyHarness.START;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.CollectionCounts;
import io.gibbon.schemas.ContextEvent;
import io.gibbon.schemas.ContextEventKind;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.IndexedContext;
import io.gibbon.schemas.KvPage;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.ManifestState;
import io.gibbon.schemas.serde.RecordSerde;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a document to what answers need, rule by rule. */
class IngestionTest {

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
  void aDocumentBecomesPagesManifestIndexAndEvent() {
    String text = "a".repeat(150);
    harness.produce("1", text);
    harness.settle();

    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.ENCODED);
    assertThat(harness.pending()).isEmpty();
    Manifest manifest = harness.manifests().getFirst();
    assertThat(manifest.getState()).isEqualTo(ManifestState.COMPLETE);
    assertThat(manifest.getTokens()).isEqualTo(150);
    assertThat(manifest.getContexts()).hasSize(2);
    assertThat(harness.index())
        .extracting(IndexedContext::getText)
        .containsExactly("a".repeat(100), "a".repeat(50));
    ContextEvent event = harness.readEvents().getFirst();
    assertThat(event.getKind()).isEqualTo(ContextEventKind.ENCODED);
    assertThat(event.getContexts()).isEqualTo(2);
    assertPagesAre(new DocumentText("Title of 1", text), 0);
  }

  @Test
  void unchangedContentIsNotEncodedAgainButAdvancesTheVersion() {
    harness.produce("1", "same");
    harness.settle();
    long before = harness.stored("1").getVersion().getTimestamp();
    harness.produce("1", "same");
    harness.settle();

    assertThat(encoder.encoded()).hasSize(1);
    assertThat(harness.stored("1").getVersion().getTimestamp()).isGreaterThan(before);
    assertThat(harness.readEvents())
        .extracting(ContextEvent::getKind)
        .containsExactly(ContextEventKind.ENCODED, ContextEventKind.ENCODED);
    assertThat(harness.topology.metrics().unchanged.sum()).isEqualTo(1);
  }

  @Test
  void unchangedContentThatIsStillPendingAdvancesTheVersionToo() {
    encoder.hold();
    harness.produce("1", "same");
    harness.settle();
    harness.produce("1", "same");
    encoder.release();
    harness.settle();

    assertThat(encoder.encoded()).hasSize(1);
    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.ENCODED);
    assertThat(harness.manifests().getFirst().getVersion())
        .isEqualTo(harness.stored("1").getVersion());
  }

  @Test
  void changedMetadataIsChangedContent() {
    Document document = TopologyHarness.document("c", "1", "same");
    harness.produce(document);
    document.setMetadata(Map.of("author", "Ada"));
    harness.produce(document);
    harness.settle();

    assertThat(harness.stored("1").getMetadata()).containsEntry("author", "Ada");
    assertThat(harness.topology.metrics().accepted.sum()).isEqualTo(2);
  }

  @Test
  void anOlderDocumentNeverOverwritesANewerOne() {
    harness.produceAt(START.plusSeconds(20), TopologyHarness.document("c", "1", "newer"));
    harness.produceAt(START.plusSeconds(10), TopologyHarness.document("c", "1", "older"));
    harness.settle();

    assertThat(harness.stored("1").getText()).isEqualTo("newer");
    assertThat(encoder.encoded()).containsExactly("newer");
    assertThat(harness.topology.metrics().late.sum()).isEqualTo(1);
  }

  @Test
  void ofTwoDocumentsOfOneMomentTheLaterProducedWins() {
    harness.produceAt(START, TopologyHarness.document("c", "1", "first"));
    harness.produceAt(START, TopologyHarness.document("c", "1", "second"));
    harness.settle();

    assertThat(harness.stored("1").getText()).isEqualTo("second");
  }

  @Test
  void newContentReplacesTheOldAndItsPagesGoLater() {
    harness.produce("1", "a".repeat(350));
    harness.settle();
    String old = harness.manifests().getFirst().getEncodeId();
    harness.produce("1", "b".repeat(50));
    while (harness.stored("1").getState() == DocumentState.PENDING) {
      harness.advance(Duration.ofMillis(50));
    }
    assertThat(harness.manifests().getFirst().getObsolete()).hasSize(1);
    assertThat(harness.pages()).extracting(KvPage::getEncodeId).contains(old);
    harness.settle();

    assertThat(harness.index()).extracting(IndexedContext::getText).containsExactly("b".repeat(50));
    Manifest manifest = harness.manifests().getFirst();
    assertThat(manifest.getObsolete()).isEmpty();
    assertThat(harness.pages())
        .isNotEmpty()
        .allMatch(page -> page.getEncodeId().equals(manifest.getEncodeId()));
  }

  @Test
  void theOldContentIsUsedUntilTheNewOneIsWhole() {
    harness.produce("1", "old");
    harness.settle();
    String encodeId = harness.manifests().getFirst().getEncodeId();
    encoder.hold();
    harness.produce("1", "new");
    harness.settle();

    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.PENDING);
    assertThat(harness.stored("1").getContexts()).isEqualTo(1);
    assertThat(harness.manifests()).extracting(Manifest::getEncodeId).containsExactly(encodeId);
  }

  @Test
  void aDeletionRemovesEverythingAtOnceAndLeavesAMarker() {
    harness.produce("1", "a".repeat(150));
    harness.settle();
    harness.delete("1");

    assertThat(harness.pages()).isEmpty();
    assertThat(harness.manifests()).isEmpty();
    assertThat(harness.index()).isEmpty();
    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.DELETED);
    assertThat(harness.stored("1").getText()).isEmpty();
    assertThat(harness.counts("c")).isNull();
    assertThat(harness.readEvents().getLast().getKind()).isEqualTo(ContextEventKind.DELETED);
  }

  @Test
  void aDeletedDocumentIsNotResurrectedByALateOlderRecordButByANewerOne() {
    harness.produce("1", "first");
    harness.delete("1");
    harness.produceAt(START, TopologyHarness.document("c", "1", "late"));
    harness.settle();
    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.DELETED);

    harness.produce("1", "again");
    harness.settle();
    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.ENCODED);
  }

  @Test
  void aDeletionMarkerIsForgottenAfterItsTime() {
    harness.close();
    harness = new TopologyHarness(stateDir, encoder, Map.of("deletion-retention", "PT2M"));
    harness.delete("1");
    harness.settle();
    assertThat(harness.stored("1")).isNotNull();
    harness.jump(Duration.ofHours(1));
    harness.settle();
    assertThat(harness.stored("1")).isNull();
  }

  @Test
  void aDeletionStopsTheEncoding() {
    encoder.hold();
    harness.produce("1", "text");
    harness.settle();
    harness.delete("1");
    encoder.release();
    harness.settle();

    assertThat(encoder.cancelled()).isEqualTo(1);
    assertThat(harness.pending()).isEmpty();
    assertThat(harness.pages()).isEmpty();
  }

  @Test
  void newContentStopsTheEncodingOfTheOld() {
    encoder.hold();
    harness.produce("1", "old");
    harness.settle();
    harness.produce("1", "new");
    encoder.release();
    harness.settle();

    assertThat(encoder.cancelled()).isEqualTo(1);
    assertThat(harness.index()).extracting(IndexedContext::getText).containsExactly("new");
  }

  @Test
  void afterThreeFailuresTheDocumentFailsAndThePartitionGoesOn() {
    encoder.fail("bad", 3);
    harness.produce("1", "bad");
    harness.produce("2", "good");
    harness.settle();

    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.FAILED);
    assertThat(harness.stored("1").getReason()).isEqualTo("no way to encode bad");
    assertThat(harness.stored("2").getState()).isEqualTo(DocumentState.ENCODED);
    assertThat(harness.counts("c").getFailed()).isEqualTo(1);
    TestRecord<byte[], byte[]> dead = harness.deadLetters.readRecord();
    assertThat(header(dead, DeadLetterHeaders.REASON)).isEqualTo("no way to encode bad");
    assertThat(header(dead, DeadLetterHeaders.TOPIC)).isEqualTo("documents");
    assertThat(header(dead, DeadLetterHeaders.PARTITION)).isEqualTo("0");
    assertThat(header(dead, DeadLetterHeaders.OFFSET)).isEqualTo("0");
    assertThat(RecordSerde.of(Document.class).deserializer().deserialize("", dead.value()))
        .isEqualTo(TopologyHarness.document("c", "1", "bad"));
    assertThat(harness.readEvents())
        .extracting(ContextEvent::getKind)
        .containsExactlyInAnyOrder(ContextEventKind.FAILED, ContextEventKind.ENCODED);
  }

  @Test
  void aFailedDocumentIsTriedAgainWithTheSameContent() {
    encoder.fail("bad", 3);
    harness.produce("1", "bad");
    harness.settle();
    harness.produce("1", "bad");
    harness.settle();

    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.ENCODED);
    assertThat(harness.stored("1").getReason()).isNull();
  }

  @Test
  void aLongDocumentIsWrittenInSlicesAndSeenOnlyWhole() {
    harness.close();
    harness = new TopologyHarness(stateDir, encoder, Map.of("write-bytes", "524288"));
    harness.produce("1", "a".repeat(300));
    harness.advance(Duration.ofMillis(150));
    int pages = harness.pages().size();
    assertThat(pages).isLessThanOrEqualTo(2);
    assertThat(harness.manifests())
        .singleElement()
        .satisfies(manifest -> assertThat(manifest.getState()).isEqualTo(ManifestState.BUILDING));
    assertThat(harness.index()).isEmpty();

    while (harness.stored("1").getState() == DocumentState.PENDING) {
      harness.advance(Duration.ofMillis(50));
      assertThat(harness.pages().size() - pages).isLessThanOrEqualTo(2);
      pages = harness.pages().size();
    }
    assertThat(harness.manifests())
        .singleElement()
        .satisfies(manifest -> assertThat(manifest.getState()).isEqualTo(ManifestState.COMPLETE));
    for (int index = 0; index < 3; index++) {
      assertPagesAre(new DocumentText("Title of 1", "a".repeat(300)), index);
    }
  }

  @Test
  void aShortDocumentOvertakesALongOne() {
    harness.close();
    harness = new TopologyHarness(stateDir, encoder, Map.of("write-bytes", "524288"));
    harness.produce("long", "a".repeat(1000));
    harness.produce("short", "b");
    harness.advance(Duration.ofMillis(400));

    assertThat(harness.stored("short").getState()).isEqualTo(DocumentState.ENCODED);
    assertThat(harness.stored("long").getState()).isEqualTo(DocumentState.PENDING);
  }

  @Test
  void collectionsAreCounted() {
    encoder.fail("bad", 3);
    harness.produce("1", "a".repeat(150));
    harness.produce("2", "bad");
    harness.settle();
    encoder.hold();
    harness.produce("3", "waits");
    harness.settle();

    assertThat(harness.counts("c")).isEqualTo(new CollectionCounts(1L, 1L, 1L, 2L, 150L));
  }

  private static String header(TestRecord<byte[], byte[]> record, String name) {
    return new String(record.headers().lastHeader(name).value(), UTF_8);
  }

  private void assertPagesAre(DocumentText document, int index) {
    try (KvStates states = encoder.states(document, index)) {
      List<KvPage> pages =
          harness.pages().stream().filter(page -> page.getContext() == index).toList();
      assertThat(pages).hasSize(states.pageCount());
      for (int page = 0; page < states.pageCount(); page++) {
        assertThat(pages.get(page).getStates().array()).isEqualTo(states.page(page));
      }
    }
  }
}
