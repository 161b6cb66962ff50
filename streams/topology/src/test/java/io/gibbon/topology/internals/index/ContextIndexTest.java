package io.gibbon.topology.internals.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.schemas.IndexedContext;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.internals.Keys;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.state.KeyValueStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a question finds. */
class ContextIndexTest {

  private static final String PROFILE = "00000000000000aa";
  private static final RecordSerde<IndexedContext> SERDE = RecordSerde.of(IndexedContext.class);

  @TempDir Path stateDir;

  private final KeyValueStore<Bytes, byte[]> store = ContextIndex.store("index").get();

  @BeforeEach
  void open() {
    store.init(new StoreContext(stateDir, StreamsConfig.AT_LEAST_ONCE).context(), store);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void theContextWithTheRarerWordsIsFirst() {
    put("island", "1", "", "the ferry to the harbour leaves at noon");
    put("island", "2", "", "the clinic opens at noon");
    assertThat(search("island", "When does the ferry leave the harbour?")).startsWith("1");
  }

  @Test
  void endingsAndCaseDoNotMatter() {
    put("island", "1", "", "Tide warnings are posted daily.");
    assertThat(search("island", "WARNING of TIDES")).containsExactly("1");
  }

  @Test
  void theTitleWeighsMoreThanTheText() {
    put("island", "text", "Minutes", "lighthouse keeper absent today");
    put("island", "title", "Lighthouse", "keeper absent from today on");
    assertThat(search("island", "lighthouse")).containsExactly("title", "text");
  }

  @Test
  void collectionsDoNotSeeEachOther() {
    put("a", "1", "", "ferry");
    put("b", "2", "", "ferry");
    assertThat(search("b", "ferry")).containsExactly("2");
    assertThat(search("none", "ferry")).isEmpty();
  }

  @Test
  void profilesDoNotSeeEachOther() {
    put("a", "1", "", "ferry");
    put("00000000000000bb", "a", "1", "", "boat");
    put("00000000000000bb", "a", "2", "", "ferry");
    assertThat(search("a", "ferry boat")).containsExactly("1");
  }

  @Test
  void whatIsDeletedOrReplacedIsGoneAtOnce() {
    put("a", "1", "", "ferry");
    put("a", "2", "", "ferry");
    store.put(Keys.context(PROFILE, new DocumentId("a", "1"), 0), null);
    put("a", "2", "", "boat");
    assertThat(search("a", "ferry")).isEmpty();
    assertThat(search("a", "boat")).containsExactly("2");
  }

  @Test
  void questionsWithoutWordsAndQuestionsInQuerySyntaxFindNothingAndFailNot() {
    put("a", "1", "", "ferry");
    assertThat(search("a", "")).isEmpty();
    assertThat(search("a", "?!* ~ \" ( [ \u0000")).isEmpty();
    assertThat(search("a", "the of and")).isEmpty();
    assertThat(search("a", "boat OR -".repeat(10_000))).isEmpty();
  }

  @Test
  void wordsOfOtherLanguagesAreFound() {
    put("a", "1", "", "Die Fähre fährt mittags");
    put("a", "2", "", "渡し船は正午に出る");
    assertThat(search("a", "fähre")).containsExactly("1");
    assertThat(search("a", "正午")).containsExactly("2");
  }

  private void put(String collection, String id, String title, String text) {
    put(PROFILE, collection, id, title, text);
  }

  private void put(String profile, String collection, String id, String title, String text) {
    IndexedContext context = new IndexedContext(collection, id, 0, "e", 1, title, text, profile);
    store.put(
        Keys.context(profile, new DocumentId(collection, id), 0),
        SERDE.serializer().serialize("", context));
  }

  private List<String> search(String collection, String question) {
    return store
        .query(
            ContextIndex.query(PROFILE, collection, question, 10),
            PositionBound.unbounded(),
            new QueryConfig(false))
        .getResult()
        .stream()
        .map(hit -> SERDE.deserializer().deserialize("", hit.value()).getId())
        .toList();
  }
}
