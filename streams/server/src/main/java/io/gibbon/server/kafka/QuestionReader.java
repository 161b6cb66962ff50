package io.gibbon.server.kafka;

import io.gibbon.runtime.chat.ChatMessage;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.rank.Selection;
import io.gibbon.runtime.sampling.Sampling;
import io.gibbon.schemas.GenerationRequest;
import io.gibbon.schemas.GibbonOptions;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.After;
import io.gibbon.server.answer.AnswerRequest;
import io.gibbon.server.answer.ContextName;
import io.gibbon.server.answer.ContextOptions;
import io.gibbon.server.answer.Question;
import io.gibbon.server.answer.RequestException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Makes answer requests of records. Immutable and thread-safe. */
final class QuestionReader {

  private final ServerConfig config;

  QuestionReader(ServerConfig config) {
    this.config = config;
  }

  /**
   * The request of a record.
   *
   * @throws RequestException naming the field that cannot be, as the HTTP API spells it
   */
  AnswerRequest read(GenerationRequest record) {
    Question question = question(record);
    boolean bare = question instanceof Question.Completion && record.getGibbon() == null;
    return new AnswerRequest(
        record.getRequestId(),
        record.getModel(),
        question,
        options(record.getGibbon(), !bare),
        sampling(record),
        record.getMaxTokens(),
        record.getStop(),
        0,
        record.getDeadline());
  }

  private static Question question(GenerationRequest record) {
    if (record.getMessages().isEmpty() == (record.getPrompt() == null)) {
      throw RequestException.invalid("messages", "give either messages or prompt");
    }
    if (record.getPrompt() != null) {
      return new Question.Completion(record.getPrompt());
    }
    List<ChatMessage> messages = new ArrayList<>();
    for (int i = 0; i < record.getMessages().size(); i++) {
      io.gibbon.schemas.ChatMessage message = record.getMessages().get(i);
      messages.add(new ChatMessage(role(i, message.getRole()), message.getContent()));
    }
    return new Question.Chat(messages);
  }

  private static ChatMessage.Role role(int index, String role) {
    return switch (role) {
      case "user" -> ChatMessage.Role.USER;
      case "assistant" -> ChatMessage.Role.ASSISTANT;
      case "system", "developer" -> ChatMessage.Role.SYSTEM;
      default ->
          throw RequestException.invalid(
              "messages[" + index + "].role",
              "messages[%d].role must be system, developer, user or assistant, not '%s'"
                  .formatted(index, role));
    };
  }

  private ContextOptions options(@Nullable GibbonOptions given, boolean searches) {
    GibbonOptions ours = given == null ? GibbonOptions.newBuilder().build() : given;
    List<ContextName> named = new ArrayList<>();
    for (int i = 0; i < ours.getContexts().size(); i++) {
      named.add(ContextName.parse("gibbon.contexts[" + i + "]", ours.getContexts().get(i)));
    }
    String after = ours.getAfter();
    ContextOptions.Proposal proposal =
        ContextOptions.proposal(
            config,
            searches,
            !named.isEmpty(),
            ours.getTopK(),
            constant(Selection.class, "gibbon.selection", ours.getSelection()),
            ours.getKeep(),
            ours.getHops());
    return new ContextOptions(
        ours.getCollection(),
        named,
        proposal.topK(),
        proposal.selection(),
        proposal.keep(),
        proposal.hops(),
        constant(Combination.class, "gibbon.combine", ours.getCombine()),
        ours.getAttentionTemperature(),
        ours.getScalingFactor(),
        or(ours.getAttribution(), true),
        false,
        or(ours.getAllowPartial(), true),
        after == null ? null : After.parse("gibbon.after", after));
  }

  private static <T extends Enum<T>> @Nullable T constant(
      Class<T> type, String param, @Nullable String name) {
    if (name == null) {
      return null;
    }
    List<T> all = List.of(type.getEnumConstants());
    return all.stream()
        .filter(one -> name(one).equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                RequestException.invalid(
                    param,
                    "%s must be one of %s, not '%s'"
                        .formatted(
                            param,
                            all.stream()
                                .map(QuestionReader::name)
                                .collect(Collectors.joining(", ")),
                            name)));
  }

  private static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private Sampling sampling(GenerationRequest record) {
    try {
      return new Sampling(
          or(record.getTemperature(), config.temperature()),
          or(record.getTopK(), 0),
          or(record.getTopP(), 1.0),
          or(record.getMinP(), 0.0),
          or(record.getFrequencyPenalty(), 0.0),
          or(record.getPresencePenalty(), 0.0),
          or(record.getSeed(), ThreadLocalRandom.current().nextLong()));
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw RequestException.invalid(message.split(" ", 2)[0], message);
    }
  }

  private static <T> T or(@Nullable T given, T standard) {
    return given == null ? standard : given;
  }
}
