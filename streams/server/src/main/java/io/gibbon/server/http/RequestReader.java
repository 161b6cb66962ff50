package io.gibbon.server.http;

import io.gibbon.runtime.chat.ChatMessage;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.rank.Selection;
import io.gibbon.runtime.sampling.Sampling;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.After;
import io.gibbon.server.answer.AnswerRequest;
import io.gibbon.server.answer.ContextName;
import io.gibbon.server.answer.ContextOptions;
import io.gibbon.server.answer.Question;
import io.gibbon.server.answer.RequestException;
import io.gibbon.topology.DocumentId;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Reads requests that the contract has found valid. Immutable and thread-safe. */
final class RequestReader {

  private final ServerConfig config;

  /**
   * A request and how its answer is to be written.
   *
   * @param answer what is asked
   * @param stream whether to send server-sent events
   * @param includeUsage whether a stream ends with a chunk of token counts
   * @param logprobs whether each token's probability is wanted
   */
  record Request(AnswerRequest answer, boolean stream, boolean includeUsage, boolean logprobs) {}

  RequestReader(ServerConfig config) {
    this.config = config;
  }

  /** A body of {@code /v1/chat/completions}. */
  Request chat(JsonObject body) {
    boolean logprobs = flag(body, "logprobs", false);
    Integer top = body.getInteger("top_logprobs");
    if (top != null && top > 0 && !logprobs) {
      throw RequestException.invalid("top_logprobs", "top_logprobs needs logprobs: true");
    }
    Integer maxTokens = body.getInteger("max_completion_tokens");
    AnswerRequest answer =
        new AnswerRequest(
            "chatcmpl-" + UUID.randomUUID(),
            body.getString("model"),
            new Question.Chat(messages(body.getJsonArray("messages"))),
            options(body.getJsonObject("gibbon"), true),
            sampling(body),
            maxTokens == null ? body.getInteger("max_tokens") : maxTokens,
            stop(body.getValue("stop")),
            top == null ? 0 : top,
            null);
    return request(body, answer, logprobs);
  }

  /** A body of {@code /v1/completions}. */
  Request completion(JsonObject body) {
    Object prompt = body.getValue("prompt");
    Integer logprobs = body.getInteger("logprobs");
    JsonObject ours = body.getJsonObject("gibbon");
    AnswerRequest answer =
        new AnswerRequest(
            "cmpl-" + UUID.randomUUID(),
            body.getString("model"),
            new Question.Completion(
                prompt instanceof JsonArray list ? list.getString(0) : (String) prompt),
            options(ours, ours != null),
            sampling(body),
            body.getInteger("max_tokens"),
            stop(body.getValue("stop")),
            logprobs == null ? 0 : logprobs,
            null);
    return request(body, answer, logprobs != null);
  }

  private static Request request(JsonObject body, AnswerRequest answer, boolean logprobs) {
    boolean stream = flag(body, "stream", false);
    JsonObject streamOptions = body.getJsonObject("stream_options");
    if (streamOptions != null && !stream) {
      throw RequestException.invalid("stream_options", "stream_options needs stream: true");
    }
    boolean usage = streamOptions != null && flag(streamOptions, "include_usage", false);
    return new Request(answer, stream, usage, logprobs);
  }

  private static List<ChatMessage> messages(JsonArray array) {
    List<ChatMessage> messages = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      JsonObject message = array.getJsonObject(i);
      ChatMessage.Role role =
          switch (message.getString("role")) {
            case "user" -> ChatMessage.Role.USER;
            case "assistant" -> ChatMessage.Role.ASSISTANT;
            default -> ChatMessage.Role.SYSTEM;
          };
      String content = content("messages[" + i + "].content", message.getValue("content"));
      messages.add(new ChatMessage(role, content));
    }
    return messages;
  }

  private static String content(String param, Object content) {
    if (content instanceof String text) {
      return text;
    }
    JsonArray parts = (JsonArray) content;
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < parts.size(); i++) {
      String part = parts.getJsonObject(i).getString("text");
      if (part == null) {
        String field = param + "[" + i + "].text";
        throw RequestException.invalid(field, "missing_required_parameter", field + " is missing");
      }
      text.append(text.isEmpty() ? "" : "\n").append(part);
    }
    return text.toString();
  }

  private ContextOptions options(@Nullable JsonObject given, boolean searches) {
    JsonObject ours = given == null ? new JsonObject() : given;
    String collection = ours.getString("collection");
    String after = ours.getString("after");
    List<ContextName> named = named(ours, collection);
    ContextOptions.Proposal proposal =
        ContextOptions.proposal(
            config,
            searches,
            !named.isEmpty(),
            topK(ours),
            constant(Selection.class, ours.getString("selection")),
            ours.getDouble("keep"),
            ours.getInteger("hops"));
    return new ContextOptions(
        collection,
        named,
        proposal.topK(),
        proposal.selection(),
        proposal.keep(),
        proposal.hops(),
        constant(Combination.class, ours.getString("combine")),
        ours.getDouble("attention_temperature"),
        ours.getDouble("scaling_factor"),
        flag(ours, "attribution", true),
        flag(ours, "text", false),
        !"refuse".equals(ours.getString("partial")),
        after == null ? null : After.parse("gibbon.after", after));
  }

  private static @Nullable Integer topK(JsonObject ours) {
    Object topK = ours.getValue("top_k");
    if (topK == null) {
      return null;
    }
    return topK.equals("all") ? (Integer) ContextOptions.ALL : (Integer) ((Number) topK).intValue();
  }

  private static <T extends Enum<T>> @Nullable T constant(Class<T> type, @Nullable String name) {
    return name == null ? null : Enum.valueOf(type, name.toUpperCase(Locale.ROOT));
  }

  private List<ContextName> named(JsonObject ours, @Nullable String collection) {
    String standard = collection == null ? config.defaultCollection() : collection;
    List<ContextName> names = new ArrayList<>();
    JsonArray contexts = ours.getJsonArray("contexts");
    for (int i = 0; contexts != null && i < contexts.size(); i++) {
      names.add(name("gibbon.contexts[" + i + "]", contexts.getValue(i), standard));
    }
    JsonArray documents = ours.getJsonArray("documents");
    for (int i = 0; documents != null && i < documents.size(); i++) {
      names.add(new ContextName(new DocumentId(standard, documents.getString(i)), null));
    }
    return names;
  }

  private static ContextName name(String param, Object value, String standard) {
    if (value instanceof String text) {
      return ContextName.parse(param, text);
    }
    JsonObject object = (JsonObject) value;
    return new ContextName(
        new DocumentId(object.getString("collection", standard), object.getString("document")),
        object.getInteger("index"));
  }

  private Sampling sampling(JsonObject body) {
    Long seed = body.getLong("seed");
    Integer topK = body.getInteger("top_k");
    return new Sampling(
        number(body, "temperature", config.temperature()),
        topK == null ? 0 : topK,
        number(body, "top_p", 1),
        number(body, "min_p", 0),
        number(body, "frequency_penalty", 0),
        number(body, "presence_penalty", 0),
        seed == null ? ThreadLocalRandom.current().nextLong() : seed);
  }

  private static List<String> stop(@Nullable Object stop) {
    return switch (stop) {
      case null -> List.of();
      case String text -> List.of(text);
      default -> ((JsonArray) stop).stream().map(String.class::cast).toList();
    };
  }

  private static double number(JsonObject object, String field, double standard) {
    Double value = object.getDouble(field);
    return value == null ? standard : value;
  }

  private static boolean flag(JsonObject object, String field, boolean standard) {
    Boolean value = object.getBoolean(field);
    return value == null ? standard : value;
  }
}
