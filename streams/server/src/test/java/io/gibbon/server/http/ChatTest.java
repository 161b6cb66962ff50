package io.gibbon.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.gibbon.runtime.GenerationTask;
import io.gibbon.server.TestServer;
import io.gibbon.topology.DocumentId;
import io.vertx.core.json.JsonObject;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What answers over HTTP look like. */
class ChatTest {

  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    server = TestServer.start(Map.of("max-queued-events", "64", "max-requests", "100"));
    server.states.add("island", "ferry", "the ferry leaves at nine", 100);
    server.states.add("island", "clinic", "the clinic opens at ten", 100);
    server.states.add("default", "harbour", "boats pay a fee", 100);
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  @Test
  void takesDefaultForTheModelThatItHas() throws Exception {
    JsonObject answer =
        server.chat(
            """
            {"model": "default", "messages": [{"role": "user", "content": "ferry"}]}\
            """);
    assertThat(answer.getString("model")).isEqualTo("fake");
  }

  @Test
  void answersInOnePieceWithUsageContextsAndTimings() throws Exception {
    JsonObject answer =
        server.chat(
            """
            {"model": "fake", "max_tokens": 3,
             "messages": [{"role": "user", "content": "ferry"}],
             "gibbon": {"collection": "island", "text": true}}\
            """);

    JsonObject choice = answer.getJsonArray("choices").getJsonObject(0);
    assertThat(choice.getJsonObject("message").getString("content")).isEqualTo("t0 t1 t2 ");
    assertThat(choice.getString("finish_reason")).isEqualTo("length");
    assertThat(answer.getString("object")).isEqualTo("chat.completion");
    JsonObject usage = answer.getJsonObject("usage");
    assertThat(usage.getInteger("prompt_tokens")).isEqualTo(5 + 10 + 5);
    assertThat(usage.getInteger("completion_tokens")).isEqualTo(3);
    assertThat(usage.getJsonObject("completion_tokens_details").fieldNames())
        .containsExactly("accepted_prediction_tokens", "rejected_prediction_tokens");
    assertThat(usage.getJsonObject("prompt_tokens_details").getInteger("cached_tokens"))
        .isEqualTo(15);
    JsonObject ours = answer.getJsonObject("gibbon");
    JsonObject context = ours.getJsonArray("contexts").getJsonObject(0);
    assertThat(context.getString("id")).isEqualTo("island/ferry#0");
    assertThat(context.getString("title")).isEqualTo("Title of ferry");
    assertThat(context.getDouble("attention_share")).isEqualTo(0.25);
    assertThat(context.getString("text")).isEqualTo("the ferry leaves at nine");
    assertThat(ours.getBoolean("complete")).isTrue();
    assertThat(ours.getJsonObject("timings").fieldNames())
        .containsExactly(
            "search_ms",
            "attach_ms",
            "select_ms",
            "combine_ms",
            "queue_ms",
            "first_token_ms",
            "total_ms");
  }

  @Test
  void streamsContextsFirstThenTextThenSharesThenUsageThenDone() throws Exception {
    HttpResponse<String> response =
        server.post(
            "/v1/chat/completions",
            """
            {"stream": true, "stream_options": {"include_usage": true}, "max_tokens": 3,
             "messages": [{"role": "user", "content": "ferry"}],
             "gibbon": {"collection": "island"}}\
            """);

    assertThat(response.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/event-stream");
    List<String> events =
        response.body().lines().filter(l -> !l.isEmpty()).map(l -> l.substring(6)).toList();
    assertThat(events.getLast()).isEqualTo("[DONE]");
    List<JsonObject> chunks =
        events.subList(0, events.size() - 1).stream().map(JsonObject::new).toList();
    assertThat(chunks).hasSize(1 + 3 + 1 + 1);
    JsonObject first = chunks.getFirst();
    assertThat(delta(first).getString("role")).isEqualTo("assistant");
    assertThat(first.getJsonObject("gibbon").getJsonArray("contexts")).hasSize(1);
    assertThat(chunks.subList(1, 4).stream().map(c -> delta(c).getString("content")))
        .containsExactly("t0 ", "t1 ", "t2 ");
    JsonObject last = chunks.get(4);
    assertThat(last.getJsonArray("choices").getJsonObject(0).getString("finish_reason"))
        .isEqualTo("length");
    assertThat(
            last.getJsonObject("gibbon")
                .getJsonArray("contexts")
                .getJsonObject(0)
                .getDouble("attention_share"))
        .isEqualTo(0.25);
    assertThat(chunks.get(5).getJsonArray("choices")).isEmpty();
    assertThat(chunks.get(5).getJsonObject("usage").getInteger("total_tokens")).isEqualTo(23);
  }

  @Test
  void usesTheDefaultsOfTheServerAndTheDefaultCollection() throws Exception {
    server.chat(
        """
        {"messages": [{"role": "user", "content": "what fee"}], "max_tokens": 1}\
        """);

    GenerationTask task = server.generator.tasks.getFirst();
    assertThat(task.contexts()).hasSize(1);
    assertThat(task.attentionTemperature()).as("of a single context").isEqualTo(1);
    assertThat(task.scalingFactor()).isEqualTo(1);
    assertThat(task.prefixed()).isTrue();
    assertThat(task.sampling().temperature()).isZero();
  }

  @Test
  void attendsToNamedContextsDocumentsAndWholeCollections() throws Exception {
    assertThat(contexts("\"contexts\": [\"island/ferry#0\"]")).isEqualTo(1);
    assertThat(contexts("\"contexts\": [{\"collection\": \"island\", \"document\": \"ferry\"}]"))
        .isEqualTo(1);
    assertThat(contexts("\"collection\": \"island\", \"documents\": [\"ferry\", \"clinic\"]"))
        .isEqualTo(2);
    assertThat(contexts("\"collection\": \"island\", \"top_k\": \"all\"")).isEqualTo(2);
    assertThat(contexts("\"collection\": \"island\", \"top_k\": 0")).isZero();
  }

  private int contexts(String options) throws Exception {
    JsonObject answer =
        server.chat(
            """
            {"messages": [{"role": "user", "content": "?"}], "max_tokens": 1, "gibbon": {%s}}\
            """
                .formatted(options));
    return answer.getJsonObject("gibbon").getJsonArray("contexts").size();
  }

  @Test
  void reportsContextsThatCannotBeReached() throws Exception {
    server.states.gone.add("island/ferry#0");

    JsonObject answer =
        server.chat(
            """
            {"messages": [{"role": "user", "content": "the"}], "max_tokens": 1,
             "gibbon": {"collection": "island"}}\
            """);

    JsonObject ours = answer.getJsonObject("gibbon");
    assertThat(ours.getJsonArray("contexts")).hasSize(1);
    assertThat(ours.getJsonArray("dropped").getList()).isEqualTo(List.of("island/ferry#0"));
    assertThat(ours.getBoolean("complete")).isFalse();
  }

  @Test
  void reportsNamedContextsInAPartitionThatCannotBeAsked() throws Exception {
    server.states.absent.add(new DocumentId("island", "ferry"));
    String question =
        """
        {"messages": [{"role": "user", "content": "the"}], "max_tokens": 1,
         "gibbon": {"contexts": ["island/ferry", "island/clinic#0", "island/ferry#1"], %s}}\
        """;

    JsonObject ours =
        server.chat(question.formatted("\"partial\": \"allow\"")).getJsonObject("gibbon");
    assertThat(ours.getJsonArray("contexts")).hasSize(1);
    assertThat(ours.getJsonArray("contexts").getJsonObject(0).containsKey("score")).isFalse();
    assertThat(ours.getJsonArray("dropped").getList())
        .isEqualTo(List.of("island/ferry", "island/ferry#1"));
    assertThat(ours.getBoolean("complete")).isFalse();

    HttpResponse<String> refused =
        server.post("/v1/chat/completions", question.formatted("\"partial\": \"refuse\""));
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.body()).contains("context_unavailable", "island/ferry");
  }

  @Test
  void reportsThatAWholeCollectionWasNotReached() throws Exception {
    server.states.complete = false;

    JsonObject answer =
        server.chat(
            """
            {"messages": [{"role": "user", "content": "the"}], "max_tokens": 1,
             "gibbon": {"collection": "island", "top_k": "all"}}\
            """);

    assertThat(answer.getJsonObject("gibbon").getBoolean("complete")).isFalse();
  }

  @Test
  void continuesTexts() throws Exception {
    HttpResponse<String> response =
        server.post(
            "/v1/completions", "{\"prompt\": \"Once\", \"max_tokens\": 2, \"logprobs\": 1}");

    JsonObject answer = new JsonObject(response.body());
    JsonObject choice = answer.getJsonArray("choices").getJsonObject(0);
    assertThat(answer.getString("object")).isEqualTo("text_completion");
    assertThat(choice.getString("text")).isEqualTo("t0 t1 ");
    assertThat(choice.getJsonObject("logprobs").getJsonArray("tokens").getList())
        .isEqualTo(List.of("t0 ", "t1 "));
    assertThat(server.generator.tasks.getFirst().prefixed()).isFalse();
  }

  @Test
  void reportsLogprobs() throws Exception {
    JsonObject answer =
        server.chat(
            """
            {"messages": [{"role": "user", "content": "?"}], "max_tokens": 1,
             "logprobs": true, "top_logprobs": 2}\
            """);

    JsonObject token =
        answer
            .getJsonArray("choices")
            .getJsonObject(0)
            .getJsonObject("logprobs")
            .getJsonArray("content")
            .getJsonObject(0);
    assertThat(token.getString("token")).isEqualTo("t0 ");
    assertThat(token.getDouble("logprob")).isEqualTo(-0.5);
    assertThat(token.getJsonArray("top_logprobs")).hasSize(2);
  }

  @Test
  void endsAStreamThatFailsWithAnError() throws Exception {
    server.generator.failure = new IllegalStateException("secret");

    HttpResponse<String> response =
        server.post(
            "/v1/chat/completions",
            """
            {"stream": true, "messages": [{"role": "user", "content": "?"}]}\
            """);

    String last = response.body().strip().lines().toList().getLast();
    assertThat(new JsonObject(last.substring(6)).getJsonObject("error").getString("code"))
        .isEqualTo("internal_error");
    assertThat(response.body()).doesNotContain("secret");
  }

  @Test
  void aClosedConnectionStopsItsAnswer() throws Exception {
    server.generator.hangsAfter = 10;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      ask(socket);
      InputStream in = socket.getInputStream();
      assertThat(in.readNBytes(200)).hasSize(200);
    }

    await().until(() -> server.generator.cancelled.get() == 1);
    await().until(() -> server.cache.stats().reservedBytes() == 0);
  }

  @Test
  void aClientThatDoesNotReadIsGivenUpAndOthersAreNotSlowed() throws Exception {
    server.generator.word = "%d" + "x".repeat(20_000);
    server.generator.hangsAfter = 800;
    try (Socket socket = new Socket()) {
      socket.setReceiveBufferSize(4096);
      socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
      ask(socket);
      await().until(() -> server.generator.cancelled.get() == 1);

      assertThat(
              server.chat(
                  """
                  {"messages": [{"role": "user", "content": "?"}], "max_tokens": 1}\
                  """))
          .isNotNull();
    }
  }

  @Test
  void manyAnswersRunAtOnceAndOneTooManyIsToldToComeBack() throws Exception {
    server.generator.hangsAfter = 0;
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 100; i++) {
        sockets.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
        ask(sockets.getLast());
      }
      await().until(() -> server.generator.tasks.size() == 100);

      HttpResponse<String> refused =
          server.post(
              "/v1/chat/completions",
              """
              {"messages": [{"role": "user", "content": "?"}]}\
              """);

      assertThat(refused.statusCode()).isEqualTo(429);
      assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
    await().until(() -> server.generator.cancelled.get() == 100);
  }

  @Test
  void anAnswerThatTakesTooLongIsEnded() throws Exception {
    try (TestServer hasty = TestServer.start(Map.of("request-timeout", "100"))) {
      hasty.generator.hangsAfter = 0;

      HttpResponse<String> response =
          hasty.post(
              "/v1/chat/completions",
              """
              {"messages": [{"role": "user", "content": "?"}]}\
              """);

      assertThat(response.statusCode()).isEqualTo(504);
      assertThat(response.body()).contains("deadline_exceeded");
    }
  }

  private static void ask(Socket socket) throws Exception {
    String body =
        """
        {"stream": true, "messages": [{"role": "user", "content": "?"}], "max_tokens": 900}\
        """;
    OutputStream out = socket.getOutputStream();
    out.write(
        ("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + "Content-Length: %d\r\n\r\n%s".formatted(body.length(), body))
            .getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static JsonObject delta(JsonObject chunk) {
    return chunk.getJsonArray("choices").getJsonObject(0).getJsonObject("delta");
  }
}
