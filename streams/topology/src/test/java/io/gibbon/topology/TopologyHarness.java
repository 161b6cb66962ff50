package io.gibbon.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.gibbon.schemas.CollectionCounts;
import io.gibbon.schemas.ContextEvent;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.IndexedContext;
import io.gibbon.schemas.KvPage;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.PendingDocument;
import io.gibbon.schemas.StoredDocument;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.internals.Keys;
import io.gibbon.topology.internals.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;

/** The topology in Kafka's test driver, with a clock that only {@link #advance} moves. */
final class TopologyHarness implements AutoCloseable {

  private static final String PROFILES = "gibbon-gibbon-profiles";

  private static final List<String> STORES =
      List.of(
          Stores.PENDING,
          Stores.DOCUMENTS,
          Stores.MANIFESTS,
          Stores.PAGES,
          Stores.INDEX,
          Stores.COLLECTIONS);

  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  final GibbonTopology topology;
  final TestInputTopic<byte[], byte[]> documents;
  final TestOutputTopic<byte[], byte[]> events;
  final TestOutputTopic<byte[], byte[]> deadLetters;
  private final TestOutputTopic<byte[], byte[]> profiles;
  private final TopologyTestDriver driver;

  TopologyHarness(Path stateDir, ScriptedEncoder encoder, Map<String, String> settings) {
    Map<String, String> all = new HashMap<>(settings);
    all.put("state-dir", stateDir.toString());
    all.put("kafka.bootstrap.servers", "none:1");
    all.putIfAbsent("partitions", "1");
    TopologyConfig config = TopologyConfig.of(all);
    Properties properties = GibbonTopology.settings(config);
    StreamsBuilder builder = new StreamsBuilder();
    topology = GibbonTopology.addTo(builder, config, encoder);
    driver = new TopologyTestDriver(builder.build(properties), properties, START);
    ByteArraySerializer in = new ByteArraySerializer();
    ByteArrayDeserializer out = new ByteArrayDeserializer();
    documents = driver.createInputTopic("documents", in, in, START, Duration.ofSeconds(1));
    events = driver.createOutputTopic("context-events", out, out);
    deadLetters = driver.createOutputTopic("dead-letters", out, out);
    profiles = driver.createOutputTopic(PROFILES, out, out);
  }

  /** Everything in the stores, for another instance; the test driver keeps nothing. */
  Map<String, List<KeyValue<Bytes, Object>>> state() {
    Map<String, List<KeyValue<Bytes, Object>>> state = new HashMap<>();
    for (String name : STORES) {
      try (KeyValueIterator<Bytes, Object> all = this.<Object>store(name).all()) {
        List<KeyValue<Bytes, Object>> pairs = new ArrayList<>();
        all.forEachRemaining(pairs::add);
        state.put(name, pairs);
      }
    }
    return state;
  }

  /** Takes over another instance's partition. */
  void restore(Map<String, List<KeyValue<Bytes, Object>>> state) {
    state.forEach((name, pairs) -> this.<Object>store(name).putAll(pairs));
  }

  /** Lets an instance read what others have said of profiles. */
  void hear(List<TestRecord<byte[], byte[]>> records) {
    ByteArraySerializer in = new ByteArraySerializer();
    driver.createInputTopic(PROFILES, in, in).pipeRecordList(records);
  }

  /** What this instance has said of profiles since it was last asked. */
  List<TestRecord<byte[], byte[]>> readProfiles() {
    return profiles.readRecordsToList();
  }

  /** The directories of tasks with stores of ours. */
  static List<Path> taskDirectories(Path stateDir) throws IOException {
    try (Stream<Path> paths = Files.walk(stateDir)) {
      return paths.filter(path -> path.endsWith("lucene")).map(Path::getParent).toList();
    }
  }

  /** Lets time pass, punctuation by punctuation. */
  void advance(Duration duration) {
    for (long millis = 0; millis < duration.toMillis(); millis += 50) {
      driver.advanceWallClockTime(Duration.ofMillis(50));
    }
  }

  /** Enough time for anything short to be encoded. */
  void settle() {
    advance(Duration.ofSeconds(2));
  }

  /** Lets time pass at once. */
  void jump(Duration duration) {
    driver.advanceWallClockTime(duration);
  }

  void produce(String id, String text) {
    produce(document("c", id, text));
  }

  void produce(Document document) {
    documents.pipeInput(new TestRecord<>((byte[]) null, bytes(document)));
  }

  void produceAt(Instant time, Document document) {
    documents.pipeInput(
        new TestRecord<>((byte[]) null, bytes(document), new RecordHeaders(), time));
  }

  void delete(String id) {
    documents.pipeInput(new TestRecord<>(("c/" + id).getBytes(UTF_8), (byte[]) null));
  }

  void deleteAt(Instant time, String id) {
    documents.pipeInput(
        new TestRecord<>(("c/" + id).getBytes(UTF_8), null, new RecordHeaders(), time));
  }

  static Document document(String collection, String id, String text) {
    return new Document(collection, id, "Title of " + id, text, Map.of(), null);
  }

  static byte[] bytes(Document document) {
    return RecordSerde.of(Document.class).serializer().serialize("", document);
  }

  List<ContextEvent> readEvents() {
    return events.readValuesToList().stream()
        .map(bytes -> RecordSerde.of(ContextEvent.class).deserializer().deserialize("", bytes))
        .toList();
  }

  @Nullable StoredDocument stored(String id) {
    return this.<StoredDocument>store(Stores.DOCUMENTS).get(Keys.document(new DocumentId("c", id)));
  }

  @Nullable CollectionCounts counts(String collection) {
    return this.<CollectionCounts>store(Stores.COLLECTIONS).get(Keys.collection(collection));
  }

  List<PendingDocument> pending() {
    return values(Stores.PENDING);
  }

  List<Manifest> manifests() {
    return values(Stores.MANIFESTS);
  }

  /** All pages, without the marks behind the last ones. */
  List<KvPage> pages() {
    return this.<KvPage>values(Stores.PAGES).stream().filter(page -> page.getPage() >= 0).toList();
  }

  List<IndexedContext> index() {
    return values(Stores.INDEX);
  }

  <V> KeyValueStore<Bytes, V> store(String name) {
    return driver.getKeyValueStore(name);
  }

  private <V> List<V> values(String name) {
    List<V> values = new ArrayList<>();
    try (KeyValueIterator<Bytes, V> all = this.<V>store(name).all()) {
      all.forEachRemaining(pair -> values.add(pair.value));
    }
    return values;
  }

  @Override
  public void close() {
    driver.close();
  }
}
