package io.gibbon.cli.client;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gibbon.cli.UserException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Reads the server-sent events of one answer. */
final class AnswerReader {

  private static final String DATA = "data:";
  private static final String DONE = "[DONE]";

  private final ObjectMapper json;
  private final Consumer<String> onText;
  private final long start;
  private final StringBuilder text = new StringBuilder();
  private final List<Answer.Context> contexts = new ArrayList<>();
  private final List<Answer.Citation> citations = new ArrayList<>();
  private String finishReason = "";
  private int promptTokens;
  private int cachedTokens;
  private int completionTokens;
  private long firstToken;

  /**
   * @param onText is given every piece of text as it comes
   * @param start when the request was sent, as {@link System#nanoTime()} tells
   */
  AnswerReader(ObjectMapper json, Consumer<String> onText, long start) {
    this.json = json;
    this.onText = onText;
    this.start = start;
  }

  /**
   * Reads to the end.
   *
   * @throws UserException if the server reports an error, or the stream breaks off
   */
  Answer read(InputStream stream) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith(DATA)) {
        String data = line.substring(DATA.length()).strip();
        if (data.equals(DONE)) {
          return answer();
        }
        event(parse(data));
      }
    }
    throw new UserException("the answer broke off: the server closed the connection");
  }

  private JsonNode parse(String data) {
    try {
      return json.readTree(data);
    } catch (JacksonException e) {
      throw new UserException("the server sent something that is no JSON", e);
    }
  }

  private void event(JsonNode event) {
    if (event.has("error")) {
      throw new UserException(
          "the server gave up: " + event.path("error").path("message").asText());
    }
    JsonNode choice = event.path("choices").path(0);
    String piece = choice.path("delta").path("content").asText("");
    if (!piece.isEmpty()) {
      if (text.isEmpty()) {
        firstToken = System.nanoTime();
      }
      text.append(piece);
      onText.accept(piece);
    }
    finishReason = choice.path("finish_reason").asText(finishReason);
    JsonNode usage = event.path("usage");
    promptTokens = usage.path("prompt_tokens").asInt(promptTokens);
    completionTokens = usage.path("completion_tokens").asInt(completionTokens);
    report(event.path("gibbon"));
  }

  private void report(JsonNode report) {
    cachedTokens = report.path("cached_tokens").asInt(cachedTokens);
    if (report.has("contexts")) {
      contexts.clear();
      report.path("contexts").forEach(context -> contexts.add(context(context)));
    }
    report.path("citations").forEach(citation -> citations.add(citation(citation)));
  }

  private Answer.Citation citation(JsonNode citation) {
    int end = Math.clamp(citation.path("end").asInt(), 0, text.length());
    int start = Math.clamp(citation.path("start").asInt(), 0, end);
    return new Answer.Citation(
        text.substring(start, end),
        citation.path("context").asText(),
        citation.path("share").asDouble(Double.NaN));
  }

  private static Answer.Context context(JsonNode context) {
    return new Answer.Context(
        context.path("id").asText(),
        context.path("document").asText(),
        context.path("title").asText(),
        context.path("tokens").asInt(),
        context.path("attention_share").asDouble(Double.NaN));
  }

  private Answer answer() {
    long end = System.nanoTime();
    return new Answer(
        text.toString(),
        finishReason,
        List.copyOf(contexts),
        List.copyOf(citations),
        promptTokens,
        cachedTokens,
        completionTokens,
        Duration.ofNanos((text.isEmpty() ? end : firstToken) - start),
        Duration.ofNanos(end - start));
  }
}
