package io.gibbon.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.OverloadedException;
import io.gibbon.server.TestServer;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client is told about requests that cannot be answered. */
class BadInputTest {

  private static final String CHAT = "/v1/chat/completions";

  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server = TestServer.start(Map.of("max-body-bytes", "100000", "wait-limit", "50"));
    server.states.add("island", "ferry", "the ferry leaves at nine", 100);
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  @AfterEach
  void heal() {
    server.generator.refusal = null;
    server.states.ready = true;
    server.states.complete = true;
    server.states.gone.clear();
  }

  /** Field and value of a chat request, and the words of the refusal. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "n | 2 | n: only one choice is offered, not 2",
        "tools | [{\"type\": \"function\"}] | tools: tools are not offered, not an array",
        "tool_choice | \"required\" | tool_choice: tools are not offered, not 'required'",
        "functions | [{}] | functions: functions are not offered, not an array",
        "response_format | {\"type\": \"json_schema\"} | response_format.type: only responses of"
            + " type 'text' are offered, not 'json_schema'",
        "modalities | [\"audio\"] | modalities[0]: only text is offered, not 'audio'",
        "audio | {} | audio: audio is not offered, not an object",
        "logit_bias | {\"1\": 1} | logit_bias: logit_bias is not offered, not an object",
        "temperature | -1 | temperature must be at least 0 and at most 2, not -1",
        "temperature | 1e300 | temperature must be at least 0 and at most 2, not 1.0E300",
        "temperature | \"hot\" | temperature must be a number, not 'hot'",
        "top_p | 0 | top_p must be above 0 and at most 1, not 0",
        "top_k | -1 | top_k must be at least 0 and at most 2147483647, not -1",
        "min_p | 1.5 | min_p must be at least 0 and at most 1, not 1.5",
        "frequency_penalty | 3 | frequency_penalty must be at least -2 and at most 2, not 3",
        "presence_penalty | -3 | presence_penalty must be at least -2 and at most 2, not -3",
        "max_tokens | 0 | max_tokens must be at least 1 and at most 2147483647, not 0",
        "max_tokens | 1.5 | max_tokens must be an integer, not 1.5",
        "max_tokens | 99999999999 | max_tokens must be at least 1 and at most 2147483647, not"
            + " 99999999999",
        "top_logprobs | 21 | top_logprobs must be at least 0 and at most 20, not 21",
        "top_logprobs | 2 | top_logprobs needs logprobs: true",
        "stream | \"yes\" | stream must be a boolean, not 'yes'",
        "stream_options | {\"include_usage\": true} | stream_options needs stream: true",
        "stop | [\"a\",\"b\",\"c\",\"d\",\"e\"] | stop must have at most 4 items, not 5",
        "stop | [\"\"] | stop[0] must have at least 1 and at most 256 characters, not 0",
        "temprature | 1 | unknown field 'temprature'; did you mean 'temperature'?",
        "gibbon | {\"topk\": 1} | unknown field 'gibbon.topk'; did you mean 'top_k'?",
        "gibbon | {\"top_k\": -1} | gibbon.top_k must be at least 0 and at most 1000, not -1",
        "gibbon | {\"top_k\": \"most\"} | gibbon.top_k must match ^all$, not 'most'",
        "gibbon | {\"attention_temperature\": 0} | gibbon.attention_temperature must be at least"
            + " 0.01 and at most 10, not 0",
        "gibbon | {\"attention_temperature\": 1e-40} | gibbon.attention_temperature must be at"
            + " least 0.01 and at most 10, not 1.0E-40",
        "gibbon | {\"scaling_factor\": 0.009} | gibbon.scaling_factor must be at least 0.01 and at"
            + " most 10, not 0.009",
        "gibbon | {\"scaling_factor\": 11} | gibbon.scaling_factor must be at least 0.01 and at"
            + " most 10, not 11",
        "gibbon | {\"contexts\": [\"nowhere\"]} | gibbon.contexts[0] must be collection/id or"
            + " collection/id#n, not 'nowhere'",
        "gibbon | {\"contexts\": [{\"doc\": \"x\"}]} | gibbon.contexts[0].document is missing",
        "gibbon | {\"partial\": \"maybe\"} | gibbon.partial must be one of"
            + " [\"allow\",\"refuse\",null], not 'maybe'",
        "gibbon | {\"after\": \"now\"} | gibbon.after must be collection/id@timestamp, as a PUT"
            + " returns it, not 'now'",
        "gibbon | 1 | gibbon must be an object, not 1",
        "messages | [] | messages must have at least 1 and at most 10000 items, not 0",
        "messages | \"hi\" | messages must be an array, not 'hi'",
        "messages | [{\"role\": \"user\"}] | messages[0].content is missing",
        "messages | [{\"role\": \"tool\", \"content\": \"x\"}] | messages[0].role: only the roles"
            + " system, developer, user and assistant are offered, not 'tool'",
        "messages | [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}] |"
            + " messages[0].content[0].type: only parts of type text are offered, no images, audio"
            + " or files, not 'image_url'",
        "messages | [{\"role\": \"user\", \"content\": 7}] | messages[0].content must be a string"
            + " or an array, not 7",
      })
  void namesTheFieldAndTheLimit(String field, String value, String message) throws Exception {
    JsonObject body =
        new JsonObject(
            "{\"messages\": [{\"role\": \"user\", \"content\": \"?\"}], \"max_tokens\": 1}");
    body.mergeIn(new JsonObject("{\"%s\": %s}".formatted(field, value)));

    JsonObject error = refused(400, server.post(CHAT, body.encode()));

    assertThat(error.getString("message")).isEqualTo(message);
    assertThat(error.getString("type")).isEqualTo("invalid_request_error");
    assertThat(error.getString("param")).startsWith(field);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "best_of | 2 | best_of: only one choice is offered, not 2",
        "echo | true | echo: echo is not offered, not true",
        "suffix | \"end\" | suffix: suffix is not offered, not 'end'",
        "prompt | \"\" | prompt must have at least 1 characters, not 0",
        "prompt | [1, 2] | prompt must have at least 1 and at most 1 items, not 2",
        "logprobs | true | logprobs must be an integer, not true",
      })
  void namesTheFieldOfACompletion(String field, String value, String message) throws Exception {
    String body = "{\"prompt\": \"x\", \"%s\": %s}".formatted(field, value);

    JsonObject error =
        refused(
            400,
            server.post(
                "/v1/completions",
                field.equals("prompt") ? "{\"prompt\": %s}".formatted(value) : body));

    assertThat(error.getString("message")).isEqualTo(message);
  }

  @Test
  void takesHarmlessFieldsOfOpenAi() throws Exception {
    JsonObject answer =
        server.chat(
            """
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
             "max_completion_tokens": 1, "n": 1, "user": "u", "metadata": {"a": "b"},
             "store": false, "service_tier": "auto", "tools": [], "tool_choice": "none",
             "response_format": {"type": "text"}, "modalities": ["text"], "logit_bias": {},
             "temperature": null, "stop": null, "seed": 7, "parallel_tool_calls": true}\
            """);

    assertThat(answer.getJsonArray("choices")).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"messages\": [", "{'a': 1}", "nonsense", "{\"a\": 1} x", "\u0000"})
  void saysWhereABodyIsNotJson(String body) throws Exception {
    JsonObject error = refused(400, server.post(CHAT, body));

    assertThat(error.getString("code")).isEqualTo("invalid_json");
    assertThat(error.getString("message"))
        .contains("line 1, column ")
        .doesNotContain("Source", "REDACTED");
  }

  @Test
  void refusesBodiesThatAreNoObjectsOrTooDeep() throws Exception {
    assertThat(refused(400, server.post(CHAT, "[]")).getString("code")).isEqualTo("invalid_type");
    assertThat(refused(400, server.post(CHAT, "")).getString("code")).isEqualTo("missing_body");
    assertThat(refused(400, server.post(CHAT, "[".repeat(50_000))).getString("code"))
        .isEqualTo("invalid_json");
  }

  @Test
  void takesLoneSurrogatesAndNulsInQuestions() throws Exception {
    server.chat(
        """
        {"messages": [{"role": "user", "content": "a\\ud800b\\u0000c <|im_end|>"}],
         "max_tokens": 1}\
        """);
  }

  @Test
  void refusesOtherContentTypes() throws Exception {
    HttpRequest.Builder request =
        server
            .request(CHAT)
            .header("Content-Type", "text/plain")
            .POST(HttpRequest.BodyPublishers.ofString("{}"));

    JsonObject error = refused(415, server.send(request));

    assertThat(error.getString("message"))
        .isEqualTo("Content-Type must be application/json, not 'text/plain'.");
  }

  @Test
  void refusesLargeBodies() throws Exception {
    JsonObject error = refused(413, server.post(CHAT, "x".repeat(100_001)));

    assertThat(error.getString("message"))
        .isEqualTo("The body is larger than 100,000 bytes, the limit.");
  }

  @Test
  void knowsItsPathsAndMethods() throws Exception {
    assertThat(refused(404, server.get("/v2/chat")).getString("code")).isEqualTo("unknown_path");
    assertThat(refused(405, server.get(CHAT)).getString("code")).isEqualTo("method_not_allowed");
  }

  @Test
  void refusesUnknownModelsContextsAndCollections() throws Exception {
    assertThat(chatWith(404, "\"model\": \"gpt-4o\"").getString("code"))
        .isEqualTo("model_not_found");
    assertThat(refused(404, server.get("/v1/models/gpt-4o")).getString("code"))
        .isEqualTo("model_not_found");
    assertThat(chatWith(404, "\"gibbon\": {\"contexts\": [\"island/x#0\"]}").getString("message"))
        .isEqualTo("'island/x#0' has no encoded context");
    assertThat(chatWith(404, "\"gibbon\": {\"collection\": \"moon\"}").getString("message"))
        .isEqualTo("collection 'moon' holds no documents");
  }

  @Test
  void refusesQuestionsThatDoNotFitTheWindow() throws Exception {
    String question = "\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]";

    JsonObject error = chatWith(400, question.formatted("x".repeat(TestServer.WINDOW)));

    assertThat(error.getString("code")).isEqualTo("context_length_exceeded");
    assertThat(error.getString("message")).contains("1,000 tokens", "question 1,000");
    assertThat(
            chatWith(400, question.formatted("x".repeat(TestServer.WINDOW + 1)))
                .getString("message"))
        .endsWith("the question has at least 1,001.");
    assertThat(chatWith(400, "\"max_tokens\": 995").getString("code"))
        .isEqualTo("context_length_exceeded");
  }

  @Test
  void saysWhenItIsOverloadedOrNotReadyOrPartial() throws Exception {
    server.generator.refusal = new OverloadedException("64 answers wait, the limit");
    HttpResponse<String> overloaded = server.post(CHAT, body("\"n\": 1"));
    assertThat(refused(429, overloaded).getString("message"))
        .isEqualTo("64 answers wait, the limit");
    assertThat(overloaded.headers().firstValue("Retry-After")).isPresent();
    server.generator.refusal = null;

    server.states.complete = false;
    String refuse = "\"gibbon\": {\"collection\": \"island\", \"partial\": \"refuse\"}";
    assertThat(chatWith(503, refuse).getString("code")).isEqualTo("partial");
    server.states.complete = true;
    server.states.gone.add("island/ferry#0");
    String named = "\"gibbon\": {\"contexts\": [\"island/ferry\"], \"partial\": \"refuse\"}";
    assertThat(chatWith(503, named).getString("code")).isEqualTo("context_unavailable");

    server.states.ready = false;
    assertThat(chatWith(503, "\"n\": 1").getString("code")).isEqualTo("not_ready");
    assertThat(server.get("/health/ready").statusCode()).isEqualTo(503);
    assertThat(server.get("/health/live").statusCode()).isEqualTo(200);
  }

  @Test
  void waitsForWritesOnlySoLong() throws Exception {
    String after = "\"gibbon\": {\"collection\": \"island\", \"after\": \"island/ferry@%d\"}";

    assertThat(server.chat(body(after.formatted(100)))).isNotNull();
    assertThat(chatWith(503, after.formatted(101)).getString("code")).isEqualTo("not_visible_yet");
  }

  @Test
  void countsTheCharactersOfStopStringsAsTheRuntimeDoes() throws Exception {
    String stop = "\"stop\": \"%s\"";

    assertThat(server.chat(body(stop.formatted("x".repeat(256))))).isNotNull();
    assertThat(chatWith(400, stop.formatted("x".repeat(257))).getString("message"))
        .isEqualTo("stop must have at least 1 and at most 256 characters, not 257");
    JsonObject pairs = chatWith(400, stop.formatted("\\ud83d\\ude00".repeat(129)));
    assertThat(pairs.getString("param")).isEqualTo("stop");
    assertThat(pairs.getString("message")).contains("256 characters, not 258");
  }

  @Test
  void refusesWhatCannotBeDecoded() throws Exception {
    String document = "/v1/collections/island/documents/ferry";
    for (String query : List.of("?wait=%zz", "?wait=%", "?%f=1", "?after=%e2%8")) {
      assertThat(undecodable(document + query).getString("message"))
          .isEqualTo("Path or query string cannot be decoded.");
    }
    assertThat(undecodable("/v1/models/%zz").getString("code")).isEqualTo("bad_request");
  }

  /** Java's own client sends no such paths. */
  private static JsonObject undecodable(String path) throws Exception {
    try (Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), server.port())) {
      String request = "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".formatted(path);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String response = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(response).startsWith("HTTP/1.1 400 ").doesNotContain("Exception");
      return new JsonObject(response.substring(response.indexOf("\r\n\r\n") + 4))
          .getJsonObject("error");
    }
  }

  @Test
  void checksQueryParameters() throws Exception {
    String document = "/v1/collections/island/documents/ferry";

    assertThat(refused(400, server.get(document + "?wait=long")).getString("message"))
        .isEqualTo("wait must be one of [\"encoded\",\"deleted\"], not 'long'");
    assertThat(refused(400, server.get(document + "?timeout=-1")).getString("param"))
        .isEqualTo("timeout");
    assertThat(refused(400, server.get(document + "?waite=encoded")).getString("code"))
        .isEqualTo("unknown_parameter");
    assertThat(refused(404, server.get("/v1/collections/island/documents/x")).getString("code"))
        .isEqualTo("document_not_found");
  }

  private static JsonObject chatWith(int status, String field) throws Exception {
    return refused(status, server.post(CHAT, body(field)));
  }

  private static String body(String field) {
    return new JsonObject(
            "{\"messages\": [{\"role\": \"user\", \"content\": \"?\"}], \"max_tokens\": 1}")
        .mergeIn(new JsonObject("{" + field + "}"))
        .encode();
  }

  private static JsonObject refused(int status, HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.body()).doesNotContain("Exception").doesNotContain("\\tat ");
    return new JsonObject(response.body()).getJsonObject("error");
  }
}
