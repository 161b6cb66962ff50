package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.DocumentVersion;
import io.gibbon.schemas.IndexedContext;
import io.gibbon.schemas.KvPage;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.ManifestContext;
import io.gibbon.schemas.ManifestState;
import io.gibbon.schemas.ObsoleteEncoding;
import io.gibbon.schemas.StoredDocument;
import io.gibbon.topology.internals.Keys;
import io.gibbon.topology.internals.Stores;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the first pass after a start finds in the stores, and makes of it. */
class RepairTest {

  private static final DocumentId ID = new DocumentId("c", "1");
  private static final String OLD_ENCODING = "0123456789abcdef0123456789abcdef";
  private static final String OTHER_PROFILE = "00000000000000bb";

  @TempDir Path stateDir;

  private final ScriptedEncoder encoder = new ScriptedEncoder();
  private @Nullable TopologyHarness harness;

  @AfterEach
  void stop() {
    harness.close();
  }

  @Test
  void whatIsWholeStaysAsItIs() {
    start(Map.of());
    found(DocumentState.ENCODED, encoder.profile().fingerprint(), ManifestState.COMPLETE);
    harness.settle();

    assertThat(encoder.encoded()).isEmpty();
    assertThat(harness.manifests()).hasSize(1);
  }

  @Test
  void documentsOfAnotherProfileAreEncodedAgain() {
    start(Map.of());
    found(DocumentState.ENCODED, OTHER_PROFILE, ManifestState.COMPLETE);
    harness.settle();

    assertThat(encoder.encoded()).containsExactly("text");
    assertThat(harness.manifests())
        .extracting(Manifest::getProfile)
        .containsExactly(encoder.profile().fingerprint());
    assertThat(harness.pages()).extracting(KvPage::getEncodeId).doesNotContain(OLD_ENCODING);
    assertThat(harness.index())
        .extracting(IndexedContext::getEncodeId)
        .doesNotContain(OLD_ENCODING);
  }

  @ParameterizedTest
  @ValueSource(strings = {"changelog", "rebuild"})
  void documentsWithoutPagesAreEncodedAgain(String durability) {
    start(Map.of("durability", durability));
    found(DocumentState.ENCODED, encoder.profile().fingerprint(), ManifestState.COMPLETE);
    harness.store(Stores.PAGES).delete(pagesEnd(encoder.profile().fingerprint(), OLD_ENCODING));
    harness.settle();

    assertThat(encoder.encoded()).containsExactly("text");
    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.ENCODED);
  }

  @Test
  void aFullDiskIsEmptiedOfWhatIsOfNoUseAndTakesNothingNew() {
    start(Map.of("min-free-disk", Long.toString(1L << 50), "deletion-retention", "PT2M"));
    found(DocumentState.ENCODED, OTHER_PROFILE, ManifestState.COMPLETE);
    StoredDocument deleted = stored(DocumentState.DELETED);
    deleted.setId("2");
    harness.store(Stores.DOCUMENTS).put(Keys.document(new DocumentId("c", "2")), deleted);
    harness.jump(Duration.ofMinutes(3));
    harness.settle();

    assertThat(harness.manifests()).isEmpty();
    assertThat(harness.pages()).isEmpty();
    assertThat(harness.index()).isEmpty();
    assertThat(harness.stored("1").getText()).isEqualTo("text");
    assertThat(harness.stored("2")).isNull();
    assertThat(harness.pending()).isEmpty();
    assertThat(encoder.encoded()).isEmpty();
  }

  @Test
  void aPendingDocumentThatDoesNotWaitIsPutInLine() {
    start(Map.of());
    harness.store(Stores.DOCUMENTS).put(Keys.document(ID), stored(DocumentState.PENDING));
    harness.settle();

    assertThat(encoder.encoded()).containsExactly("text");
  }

  @Test
  void documentsAreTakenUpOnlyAsTheQueueHasRoom() {
    start(Map.of("pending-documents", "10", "in-flight-documents", "1"));
    encoder.hold();
    for (int id = 0; id < 20; id++) {
      StoredDocument document = stored(DocumentState.PENDING);
      document.setId("" + id);
      harness.store(Stores.DOCUMENTS).put(Keys.document(new DocumentId("c", "" + id)), document);
    }
    harness.settle();
    assertThat(harness.pending()).hasSize(6);

    encoder.release();
    harness.settle();
    harness.settle();
    assertThat(encoder.encoded()).hasSize(20);
  }

  @Test
  void aHalfWrittenEncodingIsDeleted() {
    start(Map.of());
    found(DocumentState.FAILED, encoder.profile().fingerprint(), ManifestState.BUILDING);
    harness.settle();

    assertThat(harness.manifests()).isEmpty();
    assertThat(harness.pages()).isEmpty();
    assertThat(encoder.encoded()).isEmpty();
  }

  @Test
  void aFailedDocumentOfAnotherProfileLeavesNothingToAnswers() {
    start(Map.of());
    found(DocumentState.FAILED, OTHER_PROFILE, ManifestState.COMPLETE);
    usableContexts(1);
    harness.settle();

    assertThat(harness.index()).isEmpty();
    assertThat(harness.stored("1").getContexts()).isZero();
    assertThat(harness.stored("1").getTokens()).isZero();
    assertThat(encoder.encoded()).isEmpty();
  }

  @Test
  void aQueuedDocumentLosesTheIndexEntriesOfTheEncodingThatIsDropped() {
    start(Map.of());
    encoder.hold();
    harness.produce("1", "newer");
    found(DocumentState.PENDING, OTHER_PROFILE, ManifestState.COMPLETE);
    usableContexts(1);
    harness.settle();
    assertThat(harness.index()).isEmpty();
    assertThat(harness.stored("1").getContexts()).isZero();

    encoder.release();
    harness.settle();
    assertThat(harness.index()).extracting(IndexedContext::getText).containsExactly("newer");
  }

  private void usableContexts(int contexts) {
    StoredDocument document = harness.stored("1");
    document.setContexts(contexts);
    document.setTokens(4L * contexts);
    harness.store(Stores.DOCUMENTS).put(Keys.document(ID), document);
  }

  @Test
  void leftOverObsoletePagesAreDeleted() {
    start(Map.of());
    found(DocumentState.ENCODED, encoder.profile().fingerprint(), ManifestState.COMPLETE);
    String older = OLD_ENCODING.replace('0', 'f');
    page(encoder.profile().fingerprint(), older);
    Manifest manifest = harness.manifests().getFirst();
    manifest.setObsolete(List.of(new ObsoleteEncoding(older, List.of(1))));
    put(manifest);
    harness.settle();

    assertThat(harness.pages()).extracting(KvPage::getEncodeId).containsExactly(OLD_ENCODING);
    assertThat(harness.manifests().getFirst().getObsolete()).isEmpty();
  }

  @Test
  void deletionMarkersOfEarlierRunsExpire() {
    start(Map.of("deletion-retention", "PT2M"));
    harness.store(Stores.DOCUMENTS).put(Keys.document(ID), stored(DocumentState.DELETED));
    harness.jump(Duration.ofMinutes(3));

    assertThat(harness.stored("1")).isNull();
  }

  private void start(Map<String, String> settings) {
    harness = new TopologyHarness(stateDir, encoder, settings);
  }

  private void found(DocumentState state, String profile, ManifestState manifestState) {
    harness.store(Stores.DOCUMENTS).put(Keys.document(ID), stored(state));
    harness
        .store(Stores.INDEX)
        .put(
            Keys.context(profile, ID, 0),
            new IndexedContext("c", "1", 0, OLD_ENCODING, 4, "title", "text", profile));
    page(profile, OLD_ENCODING);
    put(
        new Manifest(
            "c",
            "1",
            OLD_ENCODING,
            new DocumentVersion(1L, 1L),
            profile,
            manifestState,
            "hash",
            "title",
            List.of(new ManifestContext(0, 4, List.of(0))),
            4L,
            1L,
            List.of()));
  }

  private void put(Manifest manifest) {
    harness
        .store(Stores.MANIFESTS)
        .put(Keys.manifest(ID, manifest.getProfile(), manifest.getState()), manifest);
  }

  private void page(String profile, String encodeId) {
    harness
        .store(Stores.PAGES)
        .put(
            Keys.page(ID, profile, encodeId, 0, 0),
            new KvPage(encodeId, 0, 0, ByteBuffer.wrap(new byte[8])));
    harness
        .store(Stores.PAGES)
        .put(
            pagesEnd(profile, encodeId),
            new KvPage(encodeId, -1, -1, ByteBuffer.wrap(new byte[0])));
  }

  private static Bytes pagesEnd(String profile, String encodeId) {
    return Keys.pagesEnd(ID, profile, encodeId);
  }

  private static StoredDocument stored(DocumentState state) {
    return new StoredDocument(
        "c",
        "1",
        new DocumentVersion(1L, 1L),
        state,
        null,
        "title",
        "text",
        Map.of(),
        null,
        "hash",
        null,
        state == DocumentState.ENCODED ? 1 : 0,
        state == DocumentState.ENCODED ? 4L : 0L,
        TopologyHarness.START.toEpochMilli());
  }
}
