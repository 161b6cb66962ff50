package io.gibbon.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.schemas.Document;
import io.gibbon.schemas.DocumentKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaRegistryTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
  private RegistryServer server;
  private RecordSerde<Document> serde;

  @BeforeEach
  void start() throws IOException {
    server = new RegistryServer();
    serde = serde(client(TIMEOUT, server.uri()));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private SchemaRegistryClient client(Duration timeout, URI... uris) {
    return new SchemaRegistryClient(List.of(uris), "alice:s3cret", timeout, nanos::get);
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private static RecordSerde<Document> serde(SchemaRegistryClient client) {
    return RecordSerde.of(Document.class, SerdeOptions.DEFAULT.withRegistry(client));
  }

  private byte[] write() {
    return serde.serializer().serialize("docs", Examples.document());
  }

  private Document read(byte[] bytes) {
    return serde.deserializer().deserialize("docs", bytes);
  }

  private static byte[] framed(int id, byte[] rest) {
    return ByteBuffer.allocate(5 + rest.length).put((byte) 0).putInt(id).put(rest).array();
  }

  @Test
  void writesAndReadsTheWireFormatAndAsksOnce() {
    byte[] bytes = write();
    write();
    assertThat(bytes).startsWith(0, 0, 0, 0, 1);
    assertThat(server.ids("docs-value")).containsExactly(1);

    assertThat(read(bytes)).isEqualTo(Examples.document());
    assertThat(read(bytes)).isEqualTo(Examples.document());
    assertThat(server.requests)
        .containsExactly(
            "POST /subjects/docs-value/versions Basic YWxpY2U6czNjcmV0",
            "GET /schemas/ids/1 Basic YWxpY2U6czNjcmV0");
  }

  @Test
  void readsOtherFormatsTooWithoutAskingTheRegistry() {
    byte[] plain = RecordSerde.of(Document.class).serializer().serialize("t", Examples.document());

    assertThat(read(plain)).isEqualTo(Examples.document());
    assertThat(server.requests).isEmpty();
  }

  @Test
  void readsJsonBehindAJsonSchema() {
    int id = server.add("JSON", "{\"type\":\"object\"}");

    Document document =
        read(framed(id, "{\"id\":\"x\",\"text\":\"t\"}".getBytes(StandardCharsets.UTF_8)));

    assertThat(document.getId()).isEqualTo("x");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\ufeff"})
  void nothingBehindAJsonSchemaIsAnInvalidRecord(String nothing) {
    int id = server.add("JSON", "{}");
    byte[] bytes = framed(id, nothing.getBytes(StandardCharsets.UTF_8));

    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessage("no JSON value");
    assertThatThrownBy(() -> new DocumentKeys(client(TIMEOUT, server.uri())).parse(bytes))
        .isInstanceOf(InvalidRecordException.class);
  }

  @Test
  void anUnknownIdIsAnInvalidRecordAndAskedForOnce() {
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> read(framed(77, new byte[3])))
          .isInstanceOf(InvalidRecordException.class)
          .hasMessage("schema id 77 is not in the schema registry");
    }
    assertThat(server.requests).hasSize(1);

    pass(SchemaRegistryClient.UNKNOWN_FOR);
    assertThatThrownBy(() -> read(framed(77, new byte[3])))
        .isInstanceOf(InvalidRecordException.class);
    assertThat(server.requests).hasSize(2);
  }

  @Test
  void aSchemaOfAnotherKindIsAskedForOnce() {
    int proto = server.add("PROTOBUF", "syntax = \"proto3\";");
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> read(framed(proto, new byte[3])))
          .isInstanceOf(InvalidRecordException.class)
          .hasMessageContaining("PROTOBUF");
    }
    assertThat(server.requests).hasSize(1);
  }

  @Test
  void aSchemaThatCannotBecomeADocumentIsAnInvalidRecord() {
    int noId =
        server.add(
            "AVRO",
            "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"text\",\"type\":\"string\"}]}");
    int lone = server.add("AVRO", "\"string\"");
    int broken = server.add("AVRO", "{\"type\":\"record\"}");
    int proto = server.add("PROTOBUF", "syntax = \"proto3\";");

    assertThatThrownBy(() -> read(framed(noId, new byte[] {2, 'a'})))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("missing required field id");
    assertThatThrownBy(() -> read(framed(lone, new byte[] {2, 'a'})))
        .isInstanceOf(InvalidRecordException.class);
    assertThatThrownBy(() -> read(framed(broken, new byte[] {2, 'a'})))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("is not an Avro schema");
    assertThatThrownBy(() -> read(framed(proto, new byte[] {2, 'a'})))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("PROTOBUF");
  }

  @Test
  void aRecursiveSchemaWithDeepDataIsAnInvalidRecord() {
    int id =
        server.add(
            "AVRO",
            """
            {"type":"record","name":"R","fields":[
              {"name":"next","type":["null","R"]},
              {"name":"id","type":"string"},{"name":"text","type":"string"}]}
            """);
    byte[] deep = new byte[1_000_000];
    java.util.Arrays.fill(deep, (byte) 2);

    assertThatThrownBy(() -> read(framed(id, deep))).isInstanceOf(InvalidRecordException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 503, 429, 401, 301})
  void aRegistryInTroubleSaysNothingAboutTheRecord(int status) {
    byte[] bytes = write();
    server.status = status;
    RecordSerde<Document> fresh = serde(client(TIMEOUT, server.uri()));

    assertThatThrownBy(() -> fresh.deserializer().deserialize("docs", bytes))
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("status " + status)
        .hasMessageNotContaining("s3cret");
    server.status = 0;
    pass(Outage.FIRST);
    assertThat(fresh.deserializer().deserialize("docs", bytes)).isEqualTo(Examples.document());
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 403, 406, 422})
  void aRefusedIdIsAnInvalidRecordAndNoTrouble(int status) {
    byte[] bytes = write();
    server.status = status;
    RecordSerde<Document> fresh = serde(client(TIMEOUT, server.uri()));

    assertThatThrownBy(() -> fresh.deserializer().deserialize("docs", framed(77, new byte[1])))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessage("the schema registry refuses schema id 77: status " + status + " on fire");
    server.status = 0;
    assertThat(fresh.deserializer().deserialize("docs", bytes)).isEqualTo(Examples.document());
  }

  @Test
  void anAddressWithCredentialsIsRefusedWithoutShowingThem() {
    for (String address : List.of("http://alice:s3cret@host", "ftp://alice:s3cret@host")) {
      assertThatThrownBy(() -> client(TIMEOUT, URI.create(address)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("credentials")
          .hasMessageNotContaining("s3cret");
    }
  }

  @Test
  void aRegistryInTroubleIsAskedAgainAtGrowingIntervals() {
    byte[] known = write();
    read(known);
    int id = server.add("JSON", "{}");
    byte[] unknown = framed(id, "{\"id\":\"x\",\"text\":\"t\"}".getBytes(StandardCharsets.UTF_8));
    server.status = 503;
    server.requests.clear();

    for (long seconds : new long[] {1, 2, 4, 8, 16, 30, 30}) {
      assertUnavailableFor(Duration.ofSeconds(seconds), unknown);
      pass(Duration.ofSeconds(seconds).minusNanos(1));
      assertUnavailableFor(Duration.ofNanos(1), unknown);
      pass(Duration.ofNanos(1));
    }
    assertThat(server.requests).hasSize(7);
    assertThat(read(known)).as("known schemas need no registry").isEqualTo(Examples.document());

    server.status = 0;
    assertThat(read(unknown).getId()).isEqualTo("x");
    server.status = 503;
    assertUnavailableFor(Outage.FIRST, framed(99, new byte[1]));
  }

  private void assertUnavailableFor(Duration time, byte[] bytes) {
    assertThatThrownBy(() -> read(bytes))
        .isInstanceOfSatisfying(
            RegistryUnavailableException.class, e -> assertThat(e.retryAfter()).isEqualTo(time));
  }

  @Test
  void anAnswerThatIsNotTheProtocolIsNotBelieved() {
    byte[] bytes = write();
    RecordSerde<Document> fresh = serde(client(TIMEOUT, server.uri()));
    server.status = 200;
    server.body = "<html>welcome</html>";
    assertThatThrownBy(() -> fresh.deserializer().deserialize("docs", bytes))
        .isInstanceOf(RegistryUnavailableException.class);
    pass(Outage.FIRST);
    server.body = "a".repeat(5 << 20);
    assertThatThrownBy(() -> fresh.deserializer().deserialize("docs", bytes))
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("bytes");
  }

  @Test
  void aRefusedRegistrationNamesSubjectAndReason() {
    server.status = 409;
    server.body = "{\"error_code\":409,\"message\":\"incompatible with an earlier schema\"}";

    assertThatThrownBy(this::write)
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("docs-value")
        .hasMessageContaining("incompatible with an earlier schema");
  }

  @Test
  void theNextServerIsAskedWhenOneDoesNotAnswer() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    URI dead = URI.create("http://127.0.0.1:" + free);

    assertThat(
            serde(client(TIMEOUT, dead, server.uri()))
                .serializer()
                .serialize("docs", Examples.document()))
        .startsWith(0, 0, 0, 0, 1);
  }

  @Test
  void aSilentServerCostsAtMostTheTimeout() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      URI uri = URI.create("http://127.0.0.1:" + silent.getLocalPort());

      assertThatThrownBy(
              () ->
                  serde(client(Duration.ofMillis(200), uri))
                      .serializer()
                      .serialize("docs", Examples.document()))
          .isInstanceOf(RegistryUnavailableException.class)
          .hasMessageContaining("does not answer");
    }
  }

  @Test
  @Timeout(30)
  void aServerThatStallsInItsAnswerCostsAtMostTheTimeout() {
    int id = server.add("JSON", "{}");
    RecordSerde<Document> hasty = serde(client(Duration.ofMillis(500), server.uri()));
    server.stalled = new CompletableFuture<>();
    try {
      assertThatThrownBy(() -> hasty.deserializer().deserialize("docs", framed(id, new byte[1])))
          .isInstanceOf(RegistryUnavailableException.class)
          .hasMessageContaining("no whole answer within 500 ms");
    } finally {
      server.stalled.complete(null);
    }
  }

  @Test
  void keysInWireFormatMayBeRecordsStringsOrIntegers() {
    DocumentKeys keys = new DocumentKeys(client(TIMEOUT, server.uri()));
    int record =
        server.add(
            "AVRO",
            "{\"type\":\"record\",\"name\":\"Row\",\"fields\":[{\"name\":\"id\",\"type\":\"string\"}]}");
    int string = server.add("AVRO", "\"string\"");
    int number = server.add("AVRO", "\"long\"");
    int json = server.add("JSON", "{}");
    int bool = server.add("AVRO", "\"boolean\"");

    assertThat(keys.parse(framed(record, new byte[] {2, 'x'})))
        .isEqualTo(new DocumentKey("default", "x"));
    assertThat(keys.parse(framed(string, new byte[] {6, 'c', '/', 'x'})))
        .isEqualTo(new DocumentKey("c", "x"));
    assertThat(keys.parse(framed(number, new byte[] {14})))
        .isEqualTo(new DocumentKey("default", "7"));
    assertThat(keys.parse(framed(json, new byte[] {'"', 'c', '/', 'x', '"'})))
        .isEqualTo(new DocumentKey("c", "x"));
    assertThatThrownBy(() -> keys.parse(framed(bool, new byte[] {1})))
        .isInstanceOf(InvalidRecordException.class)
        .hasMessageContaining("not boolean");
  }
}
