package io.gibbon.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.IndexedContext;
import io.gibbon.schemas.KvPage;
import io.gibbon.schemas.Manifest;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One partition that passes from an instance with one profile to one with another. */
class ModelChangeTest {

  private static final String OLD = ScriptedEncoder.FINGERPRINT;
  private static final String NEW = "00000000000000bb";

  private static final Instant LATER = TopologyHarness.START.plusSeconds(60);

  private static final Duration A_WHILE = Duration.ofSeconds(5);

  @TempDir Path stateDir;

  private final ScriptedEncoder oldModel = new ScriptedEncoder(OLD);
  private final ScriptedEncoder newModel = new ScriptedEncoder(NEW);
  private final List<TestRecord<byte[], byte[]>> record = new ArrayList<>();
  private Map<String, List<KeyValue<Bytes, Object>>> state = Map.of();
  private @Nullable TopologyHarness harness;

  @AfterEach
  void stop() {
    handOver();
  }

  private void start(ScriptedEncoder encoder) {
    start(encoder, Map.of());
  }

  private void start(ScriptedEncoder encoder, Map<String, String> settings) {
    handOver();
    harness = new TopologyHarness(stateDir, encoder, settings);
    harness.restore(state);
    harness.hear(record);
  }

  private void handOver() {
    if (harness != null) {
      record.addAll(harness.readProfiles());
      state = harness.state();
      harness.close();
      harness = null;
    }
  }

  @Test
  void oldStatesStayUntilAllIsEncodedUnderTheNewProfile() {
    start(oldModel);
    produce(5);
    harness.settle();

    start(newModel, Map.of("in-flight-documents", "1"));
    newModel.hold();
    harness.settle();
    assertThat(profiles()).containsOnly(OLD).hasSize(5);
    assertThat(harness.stored("0").getState()).isEqualTo(DocumentState.PENDING);
    assertThat(harness.stored("0").getContexts()).isZero();

    newModel.release();
    harness.advance(A_WHILE);
    assertThat(newModel.encoded()).hasSize(5).doesNotHaveDuplicates();
    assertThat(profiles()).containsOnly(NEW).hasSize(5);
    assertThat(harness.index()).extracting(IndexedContext::getProfile).containsOnly(NEW);
    assertThat(harness.pages())
        .extracting(KvPage::getEncodeId)
        .containsOnlyElementsOf(harness.manifests().stream().map(Manifest::getEncodeId).toList());
    assertThat(harness.counts("c").getEncoded()).isEqualTo(5);
  }

  @Test
  void whoTakesAPartitionBackFindsItsOwnStatesAndEncodesOnlyWhatIsMissing() {
    start(oldModel);
    produce(5);
    harness.settle();
    start(newModel, Map.of("partitions", "2"));
    harness.settle();
    assertThat(profiles()).as("the other partition is not complete").contains(OLD, NEW);
    newModel.hold();
    produceLater("0", "newer text");
    produceLater("6", "a new document");
    harness.settle();

    start(oldModel, Map.of("partitions", "2"));
    harness.settle();
    assertThat(oldModel.encoded()).hasSize(7).endsWith("newer text", "a new document");
    assertThat(profiles()).filteredOn(OLD::equals).hasSize(6);
    assertThat(profiles()).filteredOn(NEW::equals).hasSize(5);
    assertThat(harness.counts("c").getEncoded()).isEqualTo(6);
    assertThat(harness.pending()).isEmpty();

    newModel.release();
    start(newModel, Map.of("partitions", "2"));
    harness.settle();
    assertThat(profiles()).filteredOn(NEW::equals).hasSize(6);
    assertThat(harness.counts("c").getEncoded()).isEqualTo(6);
  }

  @Test
  void documentsThatWaitForAnotherProfileAreNotEncodedAgainUnderTheirOwn() {
    start(oldModel);
    produce(5);
    harness.settle();
    newModel.hold();
    start(newModel);
    harness.settle();
    assertThat(harness.pending()).hasSize(5);

    start(oldModel);
    harness.settle();
    assertThat(harness.readEvents()).isEmpty();
    assertThat(harness.pending()).isEmpty();
    assertThat(oldModel.encoded()).hasSize(5);
    assertThat(harness.counts("c").getEncoded()).isEqualTo(5);
  }

  @Test
  void deletionsReachTheStatesOfAllProfiles() {
    start(oldModel);
    produce(2);
    harness.settle();
    start(newModel, Map.of("partitions", "2"));
    harness.settle();
    harness.deleteAt(LATER, "0");
    harness.settle();

    assertThat(harness.manifests()).extracting(Manifest::getId).containsOnly("1").hasSize(2);
    assertThat(harness.index()).extracting(IndexedContext::getId).containsOnly("1").hasSize(2);
  }

  @Test
  void whoWasReplacedEncodesWhatIsNewButNothingAgain() {
    start(oldModel);
    produce(2);
    harness.settle();
    start(newModel);
    harness.advance(A_WHILE);
    handOver();
    TestRecord<byte[], byte[]> promotion = record.removeLast();
    assertThat(promotion.key()).isEqualTo("ACTIVE/1".getBytes(UTF_8));

    start(oldModel);
    harness.settle();
    harness.hear(List.of(promotion));
    oldModel.encoded().clear();
    produceLater("new", "a new document");
    harness.advance(A_WHILE);
    assertThat(oldModel.encoded()).containsExactly("a new document");
    assertThat(harness.manifests())
        .filteredOn(manifest -> manifest.getProfile().equals(NEW))
        .extracting(Manifest::getId)
        .containsExactlyInAnyOrder("0", "1");
  }

  @Test
  void aRecordThatCannotBeReadIsPassedOver() {
    start(oldModel);
    harness.hear(List.of(new TestRecord<>("ACTIVE/0".getBytes(UTF_8), "nonsense".getBytes(UTF_8))));
    produce(1);
    harness.settle();

    assertThat(oldModel.encoded()).hasSize(1);
  }

  private void produce(int documents) {
    for (int i = 0; i < documents; i++) {
      harness.produce("" + i, "text of " + i);
    }
  }

  private void produceLater(String id, String text) {
    harness.produceAt(LATER, TopologyHarness.document("c", id, text));
  }

  private List<String> profiles() {
    return harness.manifests().stream().map(Manifest::getProfile).toList();
  }
}
